// SPDX-License-Identifier: BSD-3-Clause
//
// The table by which nbdkit's program calls its libraries, three entries of which are changed.
#include "emulator/nbdkit/hangups.h"

#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace sunder::nbdkit {

namespace {

constexpr std::size_t request_bytes = 28;  // of an NBD request's head, which is read at once

bool is_socket(int descriptor) {
    struct stat found{};
    return ::fstat(descriptor, &found) == 0 && S_ISSOCK(found.st_mode);
}

/// To one that has hung up everything can be sent: whoever reads from him finds the end.
ssize_t send_or_drop(int socket, void const* bytes, std::size_t count, int flags) {
    ssize_t const sent = ::send(socket, bytes, count, flags | MSG_NOSIGNAL);
    bool const again = sent < 0 && (errno == EINTR || errno == EAGAIN);
    return sent >= 0 || again ? sent : static_cast<ssize_t>(count);
}

/// A connection that breaks between two requests has ended, and replies that are under way go where
/// they go. One that breaks within a request is given up at once; they get a moment before that.
ssize_t read_until_the_end(int descriptor, void* into, std::size_t count) {
    ssize_t const got = ::read(descriptor, into, count);
    if (got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN))) return got;
    int const number = errno;
    if (!is_socket(descriptor)) {
        errno = number;
        return got;
    }
    if (count == request_bytes) return 0;
    timespec const moment{0, 200'000'000};
    ::nanosleep(&moment, nullptr);
    return 0;
}

/// The reply of this thread goes nowhere, and neither does the thread: what nbdkit holds for that
/// connection stays with it.
[[noreturn]] void stop_here_at_most(char const* assertion, char const* file, unsigned line,
                                    char const* function) {
    if (std::strcmp(function, "raw_send_socket") == 0) {
        std::fprintf(stderr, "nbdkit: a host has hung up; its connection is left as it is\n");
        for (;;) ::pause();
    }
    std::fprintf(stderr, "nbdkit: %s:%u: %s: Assertion `%s' failed.\n", file, line, function,
                 assertion);
    std::abort();
}

struct Change {
    char const* name;
    void* to;
    bool done = false;
};

template <class Function>
void* address_of(Function* function) {
    return reinterpret_cast<void*>(function);
}

/// What the program's dynamic section tells.
struct Tables {
    ElfW(Sym) const* symbols = nullptr;
    char const* names = nullptr;
    ElfW(Rela) const* calls = nullptr;
    std::size_t bytes_of_calls = 0;
};

Tables tables_of(ElfW(Dyn) const* entry) {
    Tables found;
    for (; entry->d_tag != DT_NULL; ++entry) {
        switch (entry->d_tag) {
            case DT_SYMTAB:
                found.symbols = reinterpret_cast<ElfW(Sym) const*>(entry->d_un.d_ptr);
                break;
            case DT_STRTAB:
                found.names = reinterpret_cast<char const*>(entry->d_un.d_ptr);
                break;
            case DT_JMPREL:
                found.calls = reinterpret_cast<ElfW(Rela) const*>(entry->d_un.d_ptr);
                break;
            case DT_PLTRELSZ:
                found.bytes_of_calls = entry->d_un.d_val;
                break;
            default:  // foreign: of <elf.h>
                break;
        }
    }
    return found;
}

void replace(std::uintptr_t at, void* by) {
    auto const page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    void* const begin = reinterpret_cast<void*>(at / page * page);
    if (::mprotect(begin, page, PROT_READ | PROT_WRITE) != 0) return;
    *reinterpret_cast<void**>(at) = by;
}

/// The first one is the program itself; the others are left alone.
int change_program(dl_phdr_info* info, std::size_t, void* all) {
    auto& changes = *static_cast<std::array<Change, 3>*>(all);
    for (unsigned h = 0; h < info->dlpi_phnum; ++h) {
        if (info->dlpi_phdr[h].p_type != PT_DYNAMIC) continue;
        Tables const tables = tables_of(
            reinterpret_cast<ElfW(Dyn) const*>(info->dlpi_addr + info->dlpi_phdr[h].p_vaddr));
        if (tables.symbols == nullptr || tables.names == nullptr || tables.calls == nullptr) break;
        for (std::size_t c = 0; c < tables.bytes_of_calls / sizeof(ElfW(Rela)); ++c) {
            ElfW(Rela) const& call = tables.calls[c];
            char const* const name =
                tables.names + tables.symbols[ELF64_R_SYM(call.r_info)].st_name;
            for (Change& change : changes) {
                if (std::strcmp(name, change.name) != 0) continue;
                replace(info->dlpi_addr + call.r_offset, change.to);
                change.done = true;
            }
        }
    }
    return 1;
}

}  // namespace

bool mind_hangups() {
    std::array<Change, 3> changes{{{"send", address_of(send_or_drop)},
                                   {"read", address_of(read_until_the_end)},
                                   {"__assert_fail", address_of(stop_here_at_most)}}};
    ::dl_iterate_phdr(change_program, &changes);
    bool all = true;
    for (Change const& change : changes) all = all && change.done;
    return all;
}

}  // namespace sunder::nbdkit
