// SPDX-License-Identifier: BSD-3-Clause
//
// Keys on P-256, and certificates by OpenSSL.
#include "tests/nodes/live/authority.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <catch2/catch.hpp>

#include <cstdio>
#include <cstdlib>

namespace sunder::live {

namespace {

constexpr long seconds_of_a_day = 86400;

std::shared_ptr<EVP_PKEY> fresh_key() {
    std::shared_ptr<EVP_PKEY> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    REQUIRE(key != nullptr);
    return key;
}

void extend(X509* certificate, int what, std::string const& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const made = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
    REQUIRE(made != nullptr);
    X509_add_ext(certificate, made, -1);
    X509_EXTENSION_free(made);
}

/// Without extensions, and not signed yet.
std::shared_ptr<X509> draft(std::string const& name, EVP_PKEY* key, long number,
                            Authority::How const& how) {
    std::shared_ptr<X509> made(X509_new(), X509_free);
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), number);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), how.begins * seconds_of_a_day);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), how.ends * seconds_of_a_day);
    X509_set_pubkey(made.get(), key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<unsigned char const*>(name.c_str()), -1, -1, 0);
    return made;
}

template <class Write>
std::string write_file(std::filesystem::path const& path, Write const& write) {
    std::FILE* const file = std::fopen(path.c_str(), "w");
    REQUIRE(file != nullptr);
    REQUIRE(write(file) == 1);
    std::fclose(file);
    std::filesystem::permissions(
        path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return path.string();
}

}  // namespace

Authority::Authority(std::filesystem::path folder, std::string name)
    : folder_(std::move(folder)),
      name_(std::move(name)),
      trusted_((folder_ / (name_ + ".pem")).string()),
      key_(fresh_key()) {
    sign_own();
    write_file(trusted_, [&](std::FILE* file) { return PEM_write_X509(file, certificate_.get()); });
}

Authority::Authority(std::filesystem::path folder, std::string name, Authority& above)
    : folder_(std::move(folder)),
      name_(std::move(name)),
      trusted_(above.trusted_),
      above_(&above),
      key_(fresh_key()) {
    sign_own();
}

void Authority::sign_own() {
    Authority const& by = above_ == nullptr ? *this : *above_;
    certificate_ = draft(name_, key_.get(), issued_, {-30, 30, false, ""});
    X509* const own = certificate_.get();
    X509_set_issuer_name(own, X509_get_subject_name(by.certificate_.get()));
    extend(own, NID_basic_constraints, "critical,CA:TRUE");
    extend(own, NID_key_usage, "critical,keyCertSign");
    REQUIRE(X509_sign(own, by.key_.get(), EVP_sha256()) > 0);
}

TlsSetup Authority::issue(std::string const& name, How const& how) {
    auto const key = fresh_key();
    auto const made = draft(name, key.get(), ++issued_, how);
    X509_set_issuer_name(made.get(), X509_get_subject_name(certificate_.get()));
    extend(made.get(), NID_basic_constraints, "CA:FALSE");
    if (!how.common_name_only) extend(made.get(), NID_subject_alt_name, "DNS:" + name);
    if (!how.usage.empty()) extend(made.get(), NID_ext_key_usage, how.usage);
    REQUIRE(X509_sign(made.get(), key_.get(), EVP_sha256()) > 0);
    std::string const file = name_ + "-" + std::to_string(issued_);
    return {trusted_,
            write_file(folder_ / (file + ".pem"),
                       [&](std::FILE* to) {
                           if (above_ != nullptr && PEM_write_X509(to, made.get()) != 1) return 0;
                           return PEM_write_X509(
                               to, above_ != nullptr ? certificate_.get() : made.get());
                       }),
            write_file(folder_ / (file + ".key"), [&](std::FILE* to) {
                return PEM_write_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
            })};
}

}  // namespace sunder::live
