// SPDX-License-Identifier: BSD-3-Clause
//
// A process that serves a node: the array in which its copies lie, the node's driver, and the
// mirrors' volumes as hosts see them. A volume that is not in service here is shown to nobody; who
// has it open is told so, and let go (DESIGN 8). How hosts attach is the plugin's business.
#pragma once

#include "nodes/live/array_service.h"
#include "nodes/live/event_ring.h"
#include "nodes/live/node_driver.h"
#include "nodes/live/teller.h"

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sunder::live {

/// A volume of a mirror: where it lies in the mirror's address space.
struct MirroredExport {
    std::string name;
    std::size_t mirror = 0;
    std::uint64_t opening = 0;  ///< of the mirror, that it is open in (GroupDriver)
    std::uint64_t first_sector = 0;
    std::uint64_t sectors = 0;
    std::string description;
};

class NodeService {
public:
    struct Options {
        NodeSetup setup;
        ArrayOptions array;
        unsigned most_writes = 64;       ///< of one mirror, at a time
        std::optional<Endpoint> http{};  ///< where everybody may look at the node, by TCP
    };

    /// Opens or makes the copies. The error says what is wrong, where, and what would be right.
    static std::expected<std::unique_ptr<NodeService>, std::string> open(Options options);
    ~NodeService();

    void start();
    /// Everything is made durable; hosts are told that there is no service.
    emulator::media::IoResult stop();

    /// What is in service here at this moment.
    [[nodiscard]] std::vector<MirroredExport> exports() const;
    /// The error says where it is in service, as far as is known here.
    [[nodiscard]] std::expected<MirroredExport, std::string> find_export(
        std::string_view name) const;

    // Requests of hosts, in bytes of the export; 0 or an errno.
    int read(MirroredExport const& at, std::uint64_t offset, std::span<std::byte> into);
    int write(MirroredExport const& at, std::uint64_t offset, std::span<std::byte const> from,
              bool durable);
    int zero(MirroredExport const& at, std::uint64_t offset, std::uint64_t count, bool trim,
             bool durable);
    int flush(MirroredExport const& at);

    /// Called when a mirror leaves service, on a thread that is not to be kept.
    std::function<void(std::size_t mirror)> left_service;

    NodeDriver& driver() { return *driver_; }

private:
    NodeService();
    struct Found;
    /// A copy that has the mark of its state.
    struct Marked {
        std::string mirror;
        std::string copies;            // the array's folder
        MirrorStore* store = nullptr;  // of the driver's
        CopyMark mark;

        std::expected<void, std::string> make() const;
        std::expected<void, std::string> count();
        std::expected<void, std::string> in_state() const;
    };
    std::expected<std::vector<Found>, std::string> open_stores(
        NodeSetup const& setup, std::optional<std::string> const& copies);
    std::expected<std::vector<NodeDriver::Copy>, std::string> open_copies(
        NodeSetup const& setup, std::optional<std::string> const& copies, std::vector<Found> found);
    std::expected<std::vector<CopyDisk::Part>, std::string> volumes_of(MirrorSetup const& mirror,
                                                                       CopyBegins begins);
    std::expected<void, std::string> mark_copy(Found& found,
                                               std::optional<std::string> const& copies,
                                               std::vector<CopyDisk::Part> const& parts);
    std::expected<void, std::string> mark_plain(Found& found, MirrorSetup const& mirror);
    static std::expected<CopyDisk, std::string> open_plain(NodeSetup const& setup,
                                                           MirrorSetup const& mirror);
    std::expected<void, std::string> open_state(std::string const& folder);
    NodeEvents events();

    EventRing ring_;
    std::unique_ptr<ArrayService> array_;
    std::unique_ptr<emulator::media::Folder> folder_;
    std::unique_ptr<emulator::media::FolderLock> folder_lock_;
    std::unique_ptr<NodeDriver> driver_;
    std::vector<Marked> marked_;
    std::optional<Teller> teller_;
    std::unique_ptr<class NodeControl> control_;
};

}  // namespace sunder::live
