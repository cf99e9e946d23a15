// SPDX-License-Identifier: BSD-3-Clause
//
// Reading PEM, and asking of our own certificate what the other end is going to ask.
#include "nodes/live/certificates.h"

#include "base/text.h"
#include "base/verify.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <iterator>
#include <utility>

namespace sunder::live {

namespace {

constexpr std::size_t most_certificate_bytes = std::size_t{1} << 20;  // of a file
constexpr std::size_t most_words = 200;  // of names that are told, whatever they are

template <auto free>
struct Free {
    void operator()(auto* what) const { free(what); }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Free<GENERAL_NAMES_free>>;
using Stack =
    std::unique_ptr<STACK_OF(X509), Free<[](STACK_OF(X509) * all) { sk_X509_free(all); }>>;
using Store = std::unique_ptr<X509_STORE, Free<X509_STORE_free>>;
using Check = std::unique_ptr<X509_STORE_CTX, Free<X509_STORE_CTX_free>>;

std::expected<std::string, std::string> content_of(std::string const& path) {
    std::unique_ptr<std::FILE, Free<std::fclose>> const file(std::fopen(path.c_str(), "rb"));
    std::string content(most_certificate_bytes + 1, '\0');
    if (file) content.resize(std::fread(content.data(), 1, content.size(), file.get()));
    if (!file || std::ferror(file.get()) != 0) {
        return std::unexpected(fmt::format("{}: cannot read it: {}", path, std::strerror(errno)));
    }
    if (content.size() <= most_certificate_bytes) return content;
    return std::unexpected(fmt::format("{}: it has more than {} bytes, and is no file in PEM", path,
                                       most_certificate_bytes));
}

Bio reader_of(std::string const& text) {
    Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    VERIFY(bio);
    return bio;
}

std::expected<std::vector<Certificate>, std::string> certificates_in(std::string const& path) {
    auto const text = content_of(path);
    if (!text) return std::unexpected(text.error());
    Bio const bio = reader_of(*text);
    std::vector<Certificate> found;
    ERR_clear_error();
    while (X509* const one = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
        found.emplace_back(one);
    }
    bool const at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    std::string const why = openssl_error("it is damaged");
    if (!at_end) return std::unexpected(fmt::format("{}: no certificate in PEM: {}", path, why));
    if (!found.empty()) return found;
    return std::unexpected(
        fmt::format("{}: it has no certificate; one in PEM, which begins with '-----BEGIN "
                    "CERTIFICATE-----', would be right",
                    path));
}

/// Nobody is there to type what would open the key.
int no_passphrase(char*, int, int, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
}

/// Empty: it is kept from others.
std::string exposure(std::string const& path) {
    struct stat about{};
    if (::stat(path.c_str(), &about) != 0) return "";  // whoever reads it says why he cannot
    unsigned const mode = about.st_mode & 0777U;
    if (S_ISREG(about.st_mode) && (mode & 0037U) != 0) {
        return fmt::format(
            "{}: others may read or change it, for its mode is {:04o}; 0600 would be "
            "right, or 0640 for a group that reads it",
            path, mode);
    }
    return "";
}

std::expected<Key, std::string> key_in(std::string const& path) {
    if (std::string const why = exposure(path); !why.empty()) return std::unexpected(why);
    auto const text = content_of(path);
    if (!text) return std::unexpected(text.error());
    bool asked = false;
    ERR_clear_error();
    Key key(PEM_read_bio_PrivateKey(reader_of(*text).get(), nullptr, no_passphrase, &asked));
    std::string const why = openssl_error("it is damaged");
    if (key) return key;
    if (asked) {
        return std::unexpected(
            fmt::format("{}: the key is encrypted; one without a passphrase would be right", path));
    }
    return std::unexpected(
        fmt::format("{}: no private key in PEM: {}; one that begins with '-----BEGIN PRIVATE "
                    "KEY-----' would be right",
                    path, why));
}

/// The DNS names of its subjectAltName, or its common name when it has none of these.
std::vector<std::string> names_of(X509 const* certificate) {
    auto const text = [](ASN1_STRING const* string) {
        return std::string(reinterpret_cast<char const*>(ASN1_STRING_get0_data(string)),
                           static_cast<std::size_t>(ASN1_STRING_length(string)));
    };
    std::vector<std::string> names;
    Names const all(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
        GENERAL_NAME const* const one = sk_GENERAL_NAME_value(all.get(), i);
        if (one->type == GEN_DNS) names.push_back(text(one->d.dNSName));
    }
    if (!names.empty()) return names;
    X509_NAME const* const subject = X509_get_subject_name(certificate);
    int const place = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (place < 0) return names;
    names.push_back(text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, place))));
    return names;
}

std::string in_words(ASN1_TIME const* time) {
    Bio const bio(BIO_new(BIO_s_mem()));
    VERIFY(bio);
    ASN1_TIME_print(bio.get(), time);
    char* text = nullptr;
    long const length = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(length)};
}

/// What is wrong with the certificate by itself; empty: nothing.
std::string flaw_of(X509 const* own, std::string const& name) {
    if (X509_cmp_time(X509_get0_notAfter(own), nullptr) < 0) {
        return fmt::format("it expired on {}; one that is valid would be right",
                           in_words(X509_get0_notAfter(own)));
    }
    if (X509_cmp_time(X509_get0_notBefore(own), nullptr) > 0) {
        return fmt::format("it is valid from {} on; one that is valid would be right, or a clock",
                           in_words(X509_get0_notBefore(own)));
    }
    if (stands_for(own, name)) return "";
    return fmt::format(
        "it stands for {}, and this node is '{}'; one with 'DNS:{}' in its "
        "subjectAltName would be right",
        names_in_words(own), name, name);
}

/// Whether others would take it from an end that dials, and from one that is dialled.
std::string refusal_of(Credentials const& all) {
    Store const store(X509_STORE_new());
    Stack const chain(sk_X509_new_null());
    VERIFY(store && chain);
    for (Certificate const& one : all.authorities) X509_STORE_add_cert(store.get(), one.get());
    for (Certificate const& one : all.chain) sk_X509_push(chain.get(), one.get());
    for (auto const& [purpose, usage] : {std::pair(X509_PURPOSE_SSL_CLIENT, "clientAuth"),
                                         std::pair(X509_PURPOSE_SSL_SERVER, "serverAuth")}) {
        Check const check(X509_STORE_CTX_new());
        VERIFY(check);
        X509_STORE_CTX_init(check.get(), store.get(), all.own.get(), chain.get());
        X509_STORE_CTX_set_purpose(check.get(), purpose);
        if (X509_verify_cert(check.get()) == 1) continue;
        int const error = X509_STORE_CTX_get_error(check.get());
        ERR_clear_error();
        std::string const why = X509_verify_cert_error_string(error);
        if (error != X509_V_ERR_INVALID_PURPOSE) return why;
        return fmt::format(
            "{}: serverAuth and clientAuth in its extendedKeyUsage would be right, "
            "and {} is not there",
            why, usage);
    }
    return "";
}

}  // namespace

void FreeCertificate::operator()(x509_st* certificate) const { X509_free(certificate); }
void FreeKey::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

std::string openssl_error(char const* otherwise) {
    char const* const reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return reason == nullptr ? otherwise : reason;
}

bool stands_for(x509_st const* certificate, std::string const& name) {
    std::vector<std::string> const names = names_of(certificate);
    return std::ranges::find(names, name) != names.end();
}

std::string names_in_words(x509_st const* certificate) {
    std::string words = join(names_of(certificate));
    if (words.size() > most_words) words = words.substr(0, most_words) + "...";
    std::ranges::replace_if(words, [](char c) { return c < ' ' || c > '~'; }, '?');
    return words.empty() ? "nobody" : fmt::format("'{}'", words);
}

std::int64_t expiry_of(x509_st const* certificate) {
    std::tm time{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1) return 0;
    return ::timegm(&time);
}

std::expected<Credentials, std::string> read_credentials(TlsSetup const& files,
                                                         std::string const& name) {
    Credentials all;
    auto authorities = certificates_in(files.ca);
    if (!authorities) return std::unexpected(authorities.error());
    all.authorities = std::move(*authorities);
    auto own = certificates_in(files.certificate);
    if (!own) return std::unexpected(own.error());
    all.own = std::move(own->front());
    all.chain.assign(std::make_move_iterator(own->begin() + 1),
                     std::make_move_iterator(own->end()));
    auto key = key_in(files.key);
    if (!key) return std::unexpected(key.error());
    all.key = std::move(*key);
    if (std::string const flaw = flaw_of(all.own.get(), name); !flaw.empty()) {
        return std::unexpected(fmt::format("{}: {}", files.certificate, flaw));
    }
    if (X509_check_private_key(all.own.get(), all.key.get()) != 1) {
        ERR_clear_error();
        return std::unexpected(
            fmt::format("{}: it is not the key of {}; the one that its certificate was made for "
                        "would be right",
                        files.key, files.certificate));
    }
    if (std::string const why = refusal_of(all); !why.empty()) {
        return std::unexpected(
            fmt::format("{}: by {} it is not to be trusted: {}", files.certificate, files.ca, why));
    }
    return all;
}

}  // namespace sunder::live
