// SPDX-License-Identifier: BSD-3-Clause
//
// SQLite over a store's own files, so that data and database stand in one row of changes and are
// failed, torn and lost together. One connection at a time: who may have the store is decided by
// the folder's lock, so SQLite's own locks do nothing.
#pragma once

#include "emulator/media/files.h"
#include "emulator/media/health.h"

#include <memory>
#include <string>

struct sqlite3_vfs;

namespace sunder::emulator::media {

/// Registered with SQLite while it lives; has to outlive the connection.
class SqliteVfs {
public:
    /// `only_looks`: files are opened for reading, and nothing can ever be allowed.
    SqliteVfs(Folder& folder, std::shared_ptr<Health> health, bool only_looks);
    ~SqliteVfs();
    SqliteVfs(SqliteVfs const&) = delete;
    SqliteVfs& operator=(SqliteVfs const&) = delete;

    [[nodiscard]] char const* name() const { return name_.c_str(); }
    /// Until it is allowed nothing is written, removed or made: whoever only looks changes nothing.
    void allow_changes() { changes_allowed_ = true; }
    /// Why SQLite's last error happened, as an errno; 0 when the files had none.
    [[nodiscard]] int last_error() const { return last_error_; }
    void forget_error() { last_error_ = 0; }

    // For the functions that SQLite calls.
    [[nodiscard]] Folder& folder() { return folder_; }
    [[nodiscard]] Health& health() { return *health_; }
    /// 0, or why nothing may be changed.
    [[nodiscard]] int refusal() const;
    [[nodiscard]] bool only_looks() const { return only_looks_; }
    /// Remembers it. True when there was one.
    bool failed(int error);

private:
    Folder& folder_;
    std::shared_ptr<Health> health_;
    std::string name_;
    std::unique_ptr<sqlite3_vfs> vfs_;
    bool only_looks_;
    bool changes_allowed_ = false;
    int last_error_ = 0;
};

}  // namespace sunder::emulator::media
