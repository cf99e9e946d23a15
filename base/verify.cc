// SPDX-License-Identifier: BSD-3-Clause
//
// The end of the road for a broken belief.
#include "base/verify.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace sunder {

namespace {
thread_local CrashContext* innermost = nullptr;
}

CrashContext::CrashContext(std::function<std::string()> describe)
    : describe_(std::move(describe)), outer_(innermost) {
    innermost = this;
}

CrashContext::~CrashContext() { innermost = outer_; }

void verify_failed(char const* expression, char const* file, int line) noexcept {
    std::fprintf(stderr, "%s:%d: VERIFY failed: %s\n", file, line, expression);
    // A context that itself fails a VERIFY must not speak again.
    while (CrashContext* context = innermost) {
        innermost = context->outer_;
        std::fprintf(stderr, "%s\n", context->describe_().c_str());
    }
    std::abort();
}

}  // namespace sunder
