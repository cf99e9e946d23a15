// SPDX-License-Identifier: BSD-3-Clause
//
// A node's certificate, its key and the authority's certificates, from files of PEM. It decides
// whether others would accept them, so that a node that nobody would talk to says why and does not
// begin.
#pragma once

#include "nodes/live/node_setup.h"

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

struct evp_pkey_st;
struct x509_st;

namespace sunder::live {

struct FreeCertificate {
    void operator()(x509_st* certificate) const;
};
struct FreeKey {
    void operator()(evp_pkey_st* key) const;
};
using Certificate = std::unique_ptr<x509_st, FreeCertificate>;
using Key = std::unique_ptr<evp_pkey_st, FreeKey>;

struct Credentials {
    std::vector<Certificate> authorities;  ///< at least one
    Certificate own;
    std::vector<Certificate> chain;  ///< what stands between the two, as the file has it
    Key key;
};

/// The files, each of which is right and fits to the others: the certificate bears `name`, is valid
/// at this time, and one of the authorities signed it for both ends of a connection; the key is
/// kept from others. The error names the file, what is wrong with it and what would be right.
std::expected<Credentials, std::string> read_credentials(TlsSetup const& files,
                                                         std::string const& name);

/// Whether the name is one of the DNS names of its subjectAltName, or its common name when it has
/// none of these; exactly, no patterns.
bool stands_for(x509_st const* certificate, std::string const& name);
/// For people, whoever made the certificate: on one line, quoted, and not too long.
std::string names_in_words(x509_st const* certificate);

/// The second since 1970 after which it is not valid any more; 0: it does not say so.
std::int64_t expiry_of(x509_st const* certificate);

/// What OpenSSL says of this thread's last failure, or `otherwise`; it is forgotten then.
std::string openssl_error(char const* otherwise);

}  // namespace sunder::live
