// SPDX-License-Identifier: BSD-3-Clause
//
// The functions that SQLite calls for its files. A file is made with the first byte that is written
// to it, and entered in its folder with its first sync, as SQLite's own way of it is on Unix.
#include "emulator/media/sqlite_vfs.h"

#include "emulator/media/mutant.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>
#include <optional>

namespace sunder::emulator::media {

namespace {

/// SQLite gives the memory, and wants its own part first.
struct OpenFile {
    sqlite3_file base;
    SqliteVfs* vfs;
    std::string* name;
    std::unique_ptr<File>* file;  // null until it is there
    bool entered;                 // its name is durable, as far as anybody asked
};

OpenFile& self(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file); }
SqliteVfs& self(sqlite3_vfs* vfs) { return *static_cast<SqliteVfs*>(vfs->pAppData); }

int result_of(SqliteVfs& vfs, int error, int otherwise) {
    if (!vfs.failed(error)) return SQLITE_OK;
    if (error == ENOSPC || error == EDQUOT) return SQLITE_FULL;
    if (error == EROFS) return SQLITE_READONLY;
    return otherwise;
}

int close(sqlite3_file* file) {
    OpenFile& own = self(file);
    delete own.name;
    delete own.file;
    return SQLITE_OK;
}

int read(sqlite3_file* file, void* into, int count, sqlite3_int64 offset) {
    OpenFile& own = self(file);
    std::span const all(static_cast<std::byte*>(into), static_cast<std::size_t>(count));
    std::size_t there = 0;
    if (*own.file) {
        auto const got = (*own.file)->read(static_cast<std::uint64_t>(offset), all);
        if (!got) return result_of(*own.vfs, got.error(), SQLITE_IOERR_READ);
        there = *got;
    }
    if (there == all.size()) return SQLITE_OK;
    std::memset(all.data() + there, 0, all.size() - there);
    return SQLITE_IOERR_SHORT_READ;
}

int write(sqlite3_file* file, void const* from, int count, sqlite3_int64 offset) {
    OpenFile& own = self(file);
    if (int const no = own.vfs->refusal()) return result_of(*own.vfs, no, SQLITE_IOERR_WRITE);
    if (!*own.file) {
        auto made = own.vfs->folder().open(*own.name, Folder::Open::made_if_absent);
        if (!made) return result_of(*own.vfs, made.error(), SQLITE_IOERR_WRITE);
        *own.file = std::move(*made);
        own.entered = false;
    }
    std::span const all(static_cast<std::byte const*>(from), static_cast<std::size_t>(count));
    int const error = (*own.file)->write(static_cast<std::uint64_t>(offset), all);
    return result_of(*own.vfs, error, SQLITE_IOERR_WRITE);
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
    OpenFile& own = self(file);
    if (int const no = own.vfs->refusal()) return result_of(*own.vfs, no, SQLITE_IOERR_TRUNCATE);
    if (!*own.file) return SQLITE_OK;
    int const error = (*own.file)->truncate(static_cast<std::uint64_t>(size));
    return result_of(*own.vfs, error, SQLITE_IOERR_TRUNCATE);
}

int sync(sqlite3_file* file, int) {
    OpenFile& own = self(file);
    if (int const no = own.vfs->refusal()) return result_of(*own.vfs, no, SQLITE_IOERR_FSYNC);
    if (!*own.file || mutant(Mutant::rows_not_synced)) return SQLITE_OK;
    int error = (*own.file)->sync();
    if (error == 0 && !own.entered) error = own.vfs->folder().sync();
    if (error == 0) own.entered = true;
    if (error != 0) own.vfs->health().failed.store(true);
    return result_of(*own.vfs, error, SQLITE_IOERR_FSYNC);
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
    OpenFile& own = self(file);
    *size = 0;
    if (!*own.file) return SQLITE_OK;
    auto const found = (*own.file)->size();
    if (!found) return result_of(*own.vfs, found.error(), SQLITE_IOERR_FSTAT);
    *size = static_cast<sqlite3_int64>(*found);
    return SQLITE_OK;
}

int lock(sqlite3_file*, int) { return SQLITE_OK; }
int check_reserved_lock(sqlite3_file*, int* locked) {
    *locked = 0;
    return SQLITE_OK;
}
int file_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return 4096; }
// A write changes nothing beside the bytes that it names.
int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

constexpr sqlite3_io_methods methods = [] {
    sqlite3_io_methods made{};
    made.iVersion = 1;
    made.xClose = close;
    made.xRead = read;
    made.xWrite = write;
    made.xTruncate = truncate;
    made.xSync = sync;
    made.xFileSize = file_size;
    made.xLock = lock;
    made.xUnlock = lock;
    made.xCheckReservedLock = check_reserved_lock;
    made.xFileControl = file_control;
    made.xSectorSize = sector_size;
    made.xDeviceCharacteristics = characteristics;
    return made;
}();

int open(sqlite3_vfs* vfs, char const* name, sqlite3_file* file, int flags, int* out_flags) {
    file->pMethods = nullptr;
    // Files without a name are for what memory is told to hold (temp_store).
    if (name == nullptr) return SQLITE_CANTOPEN;
    SqliteVfs& own = self(vfs);
    std::unique_ptr<File> found;
    auto const how = own.only_looks() ? Folder::Open::read_only : Folder::Open::existing;
    auto opened = own.folder().open(name, how);
    if (opened) {
        found = std::move(*opened);
    } else if (opened.error() != ENOENT || (flags & SQLITE_OPEN_CREATE) == 0) {
        return result_of(own, opened.error(), SQLITE_CANTOPEN);
    }
    new (file) OpenFile{
        {&methods}, &own, new std::string(name), new std::unique_ptr<File>(std::move(found)), true};
    if (out_flags != nullptr) *out_flags = flags;
    return SQLITE_OK;
}

int remove(sqlite3_vfs* vfs, char const* name, int sync_folder) {
    SqliteVfs& own = self(vfs);
    if (int const no = own.refusal()) return result_of(own, no, SQLITE_IOERR_DELETE);
    int error = own.folder().remove(name);
    if (error == ENOENT) return SQLITE_IOERR_DELETE_NOENT;
    if (error == 0 && sync_folder != 0) {
        error = own.folder().sync();
        if (error != 0) own.health().failed.store(true);
    }
    return result_of(own, error, SQLITE_IOERR_DELETE);
}

int access(sqlite3_vfs* vfs, char const* name, int, int* there) {
    SqliteVfs& own = self(vfs);
    auto const opened = own.folder().open(name, Folder::Open::read_only);
    *there = opened.has_value();
    if (opened || opened.error() == ENOENT) return SQLITE_OK;
    return result_of(own, opened.error(), SQLITE_IOERR_ACCESS);
}

int full_name(sqlite3_vfs*, char const* name, int room, char* into) {
    sqlite3_snprintf(room, into, "%s", name);
    return SQLITE_OK;
}

}  // namespace

SqliteVfs::SqliteVfs(Folder& folder, std::shared_ptr<Health> health, bool only_looks)
    : folder_(folder), health_(std::move(health)), only_looks_(only_looks) {
    static std::atomic<std::uint64_t> last{0};
    name_ = fmt::format("sunder-{}", ++last);
    sqlite3_initialize();
    // Chance, time and the like are those of the operating system.
    vfs_ = std::make_unique<sqlite3_vfs>(*sqlite3_vfs_find(nullptr));
    vfs_->iVersion = 1;
    vfs_->szOsFile = sizeof(OpenFile);
    vfs_->mxPathname = 512;
    vfs_->zName = name_.c_str();
    vfs_->pAppData = this;
    vfs_->pNext = nullptr;
    vfs_->xOpen = open;
    vfs_->xDelete = remove;
    vfs_->xAccess = access;
    vfs_->xFullPathname = full_name;
    sqlite3_vfs_register(vfs_.get(), 0);
}

SqliteVfs::~SqliteVfs() { sqlite3_vfs_unregister(vfs_.get()); }

int SqliteVfs::refusal() const {
    if (health_->failed.load()) return EIO;
    return changes_allowed_ && !only_looks_ ? 0 : EROFS;
}

bool SqliteVfs::failed(int error) {
    if (error != 0) last_error_ = error;
    return error != 0;
}

}  // namespace sunder::emulator::media
