// SPDX-License-Identifier: BSD-3-Clause
//
// VERIFY: what a programmer believes, checked in every build. It decides how a broken belief is
// reported (expression, place, what the driver knows about the machine, abort); what the driver
// knows is left to the driver, which registers a `CrashContext` while it steps machines.
#pragma once

#include <functional>
#include <string>

namespace sunder {

/// Prints the broken belief and every registered context to standard error, then aborts.
[[noreturn]] void verify_failed(char const* expression, char const* file, int line) noexcept;

/// While it lives, adds one paragraph (machine in text, the trace's tail) to a failed VERIFY on
/// this thread. Contexts nest; the innermost speaks first.
class CrashContext {
public:
    explicit CrashContext(std::function<std::string()> describe);
    ~CrashContext();
    CrashContext(CrashContext const&) = delete;
    CrashContext& operator=(CrashContext const&) = delete;

private:
    friend void verify_failed(char const*, char const*, int) noexcept;
    std::function<std::string()> describe_;
    CrashContext* outer_;
};

}  // namespace sunder

#define VERIFY(expression)                              \
    (__builtin_expect(static_cast<bool>(expression), 1) \
         ? static_cast<void>(0)                         \
         : ::sunder::verify_failed(#expression, __FILE__, __LINE__))
