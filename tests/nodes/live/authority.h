// SPDX-License-Identifier: BSD-3-Clause
//
// An authority of the test's own, and the certificates and keys that it makes, in files of PEM. It
// makes wrong ones as readily as right ones.
#pragma once

#include "nodes/live/node_setup.h"

#include <filesystem>
#include <memory>
#include <string>

struct evp_pkey_st;
struct x509_st;

namespace sunder::live {

class Authority {
public:
    struct How {
        int begins = -1;  ///< days from this one
        int ends = 1;
        bool common_name_only = false;
        std::string usage = "serverAuth,clientAuth";  ///< empty: not said
    };

    /// Its files go into the folder, and are called as it is.
    Authority(std::filesystem::path folder, std::string name);
    /// One that another has signed, and that only this one is known to.
    Authority(std::filesystem::path folder, std::string name, Authority& above);

    /// Files for whoever is called so.
    TlsSetup issue(std::string const& name, How const& how);
    TlsSetup issue(std::string const& name) { return issue(name, How{}); }

private:
    void sign_own();

    std::filesystem::path folder_;
    std::string name_;
    std::string trusted_;  // the file that others know
    Authority* above_ = nullptr;
    std::shared_ptr<evp_pkey_st> key_;
    std::shared_ptr<x509_st> certificate_;
    long issued_ = 1;
};

}  // namespace sunder::live
