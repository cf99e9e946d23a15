// SPDX-License-Identifier: BSD-3-Clause
//
// Opening the state, the array and the driver, in an order in which whoever comes second is refused
// before he has touched anything.
#include "nodes/live/node_service.h"

#include "base/text.h"
#include "emulator/media/posix_files.h"
#include "nodes/live/copy_volumes.h"
#include "nodes/live/log.h"
#include "nodes/live/node_control.h"
#include "nodes/live/setup_codec.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace sunder::live {

namespace {

using replication::HostStatus;

int errno_of(HostStatus status) {
    switch (status) {
        case HostStatus::ok:
            return 0;
        case HostStatus::io_error:
            return EIO;
        case HostStatus::not_in_service:
            return ESHUTDOWN;
    }
    return EIO;
}

/// Names of generations begin with it, so it is never used twice, by any node.
std::uint64_t fresh_life() {
    std::uint64_t life = 0;
    VERIFY(::getrandom(&life, sizeof life, 0) == sizeof life);
    return life >> 16;
}

std::string log_in_words(std::uint64_t chunk_sectors) {
    if (chunk_sectors == 0) return "not at all";
    return "in chunks of " + to_text(ByteCount{chunk_sectors * sector_bytes});
}

/// G13: bits of other chunks say nothing of these.
void tell_other_chunks(MirrorSetup const& mirror, std::uint64_t were) {
    std::uint64_t const are = mirror.config.intent_log ? mirror.config.chunk_sectors : 0;
    log(Level::warning,
        fmt::format("{}: the intent log was kept {}, or for another size, and is kept {} now: "
                    "everything counts as written, and is copied when a peer is met",
                    mirror.name, log_in_words(were), log_in_words(are)));
}

constexpr std::size_t largest_record = std::size_t{1} << 20;

/// Later than any event of an earlier process, unless the clock was set back.
std::uint64_t first_event() {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                          std::chrono::system_clock::now().time_since_epoch())
                                          .count());
}

}  // namespace

NodeService::NodeService() : ring_(first_event()) {}
NodeService::~NodeService() = default;

/// A mirror's state, and what it says of the copy.
struct NodeService::Found {
    std::unique_ptr<MirrorStore> store;
    CopyFacts facts{};
    CopyBegins begins = CopyBegins::made;
};

std::expected<std::unique_ptr<NodeService>, std::string> NodeService::open(Options options) {
    if (std::string const what = impossible(options.setup); !what.empty()) {
        return std::unexpected(fmt::format("a node cannot be served with {}", what));
    }
    NodeControl::Doors const doors{std::exchange(options.array.control, {}), options.http};
    options.array.missing = [&](emulator::Catalogue const& catalogue) {
        return words_for_copies(options.setup, catalogue);
    };
    std::unique_ptr<NodeService> service(new NodeService());
    // Whoever has the state has the node: a second process is refused before it opens anything.
    if (auto state = service->open_state(options.setup.state); !state) {
        return std::unexpected(state.error());
    }
    // Nothing is made where a copy ought to be and is not.
    auto found = service->open_stores(options.setup, options.array.store);
    if (!found) return std::unexpected(found.error());
    auto array = ArrayService::open(options.array);
    if (!array) return std::unexpected(array.error());
    service->array_ = std::move(*array);
    auto copies = service->open_copies(options.setup, options.array.store, std::move(*found));
    if (!copies) return std::unexpected(copies.error());
    auto driver = NodeDriver::open(std::move(options.setup), fresh_life(), std::move(*copies),
                                   service->events(), options.most_writes);
    if (!driver) return std::unexpected(driver.error());
    service->driver_ = std::move(*driver);
    service->teller_.emplace(service->driver_->setup(), service->ring_);
    if (doors.socket.empty() && !doors.shown) return service;
    auto heard = NodeControl::listen(doors, *service->driver_, *service->array_, service->ring_);
    if (!heard) return std::unexpected(heard.error());
    service->control_ = std::move(*heard);
    return service;
}

std::expected<void, std::string> NodeService::open_state(std::string const& folder) {
    if (folder.empty()) return {};
    std::error_code failure;
    std::filesystem::create_directories(folder, failure);
    if (failure) return std::unexpected(folder + ": " + failure.message());
    auto opened = emulator::media::posix_folder(folder);
    if (!opened) return std::unexpected(folder + ": " + std::strerror(opened.error()));
    folder_ = std::move(*opened);
    auto lock = folder_->lock();
    if (!lock) {
        return std::unexpected(lock.error() == EWOULDBLOCK
                                   ? folder + ": another process serves this node"
                                   : folder + ": " + std::strerror(lock.error()));
    }
    folder_lock_ = std::move(*lock);
    return {};
}

std::expected<std::vector<NodeService::Found>, std::string> NodeService::open_stores(
    NodeSetup const& setup, std::optional<std::string> const& copies) {
    std::vector<Found> all;
    auto const forgot =
        copies ? CopyLabel::forgot(*copies) : std::expected<bool, std::string>(false);
    if (!forgot) return std::unexpected(forgot.error());
    for (MirrorSetup const& mirror : setup.mirrors) {
        if (folder_ == nullptr && mirror.config.born_in_sync) {
            return std::unexpected(mirror.name +
                                   ": a mirror that is in sync from the start needs `state`: in "
                                   "memory nobody knows that a copy is gone with its process");
        }
        auto store = MirrorStore::open(folder_.get(), mirror.name, mirror.config);
        if (!store) return std::unexpected(store.error());
        Found one{std::move(*store)};
        MirrorStore::Found const& found = one.store->found();
        one.facts = {mirror.name,
                     one.store->file(),
                     one.store->memory(),
                     mirror.plain.empty() ? copies.value_or("an array in memory") : mirror.plain,
                     found.cell.has_value() || !found.pages.empty(),
                     found.had_cell,
                     shape_of(mirror),
                     *forgot,
                     found.mark,
                     std::nullopt};
        if (folder_ == nullptr) {
            all.push_back(std::move(one));
            continue;
        }
        if (copies && mirror.plain.empty()) {
            auto label = CopyLabel::look(*copies, mirror.name);
            if (!label) return std::unexpected(label.error());
            one.facts.in_copy = *label;
        }
        auto begins = mirror.plain.empty() ? judge_copy(one.facts)
                                           : judge_plain(one.facts, mark_of_export(mirror.plain));
        if (!begins) return std::unexpected(begins.error());
        one.begins = *begins;
        all.push_back(std::move(one));
    }
    return all;
}

std::expected<std::vector<NodeDriver::Copy>, std::string> NodeService::open_copies(
    NodeSetup const& setup, std::optional<std::string> const& copies, std::vector<Found> found) {
    std::vector<NodeDriver::Copy> all;
    for (std::size_t m = 0; m < setup.mirrors.size(); ++m) {
        MirrorSetup const& mirror = setup.mirrors[m];
        std::unique_ptr<MirrorStore>& store = found[m].store;
        std::optional<CopyDisk> disk;
        if (mirror.plain.empty()) {
            auto parts = volumes_of(mirror, found[m].begins);
            if (!parts) return std::unexpected(parts.error());
            if (auto fits = mark_copy(found[m], copies, *parts); !fits) {
                return std::unexpected(fits.error());
            }
            auto image = std::make_unique<CopyImage>(array_->driver(), *parts,
                                                     mirror.config.fallback_sectors);
            disk.emplace(array_->disk(), std::move(*parts), setup.carries_zeroes, std::move(image));
        } else {
            auto plain = open_plain(setup, mirror);
            if (!plain) return std::unexpected(plain.error());
            if (auto marked = mark_plain(found[m], mirror); !marked) {
                return std::unexpected(marked.error());
            }
            disk.emplace(std::move(*plain));
        }
        if (found[m].begins == CopyBegins::made_anew) {
            log(Level::warning, mirror.name + ": this copy is made anew, and holds nothing");
            if (int const failure = store->begin_blank(mirror.config)) {
                return std::unexpected(store->file() + ": " + std::strerror(failure));
            }
        }
        bool const created = found[m].begins == CopyBegins::made && !store->found().cell &&
                             mirror.config.first_source && !mirror.config.born_in_sync;
        if (created) {
            std::uint64_t const name = fresh_life() << 16;  // as machines make them
            if (int const failure = store->begin_created(mirror.config, name)) {
                return std::unexpected(store->file() + ": " + std::strerror(failure));
            }
        }
        // One that is made anew has pages of its own.
        bool const goes_on = found[m].begins == CopyBegins::goes_on;
        if (auto const chunks = store->found().other_chunks; chunks && goes_on) {
            tell_other_chunks(mirror, *chunks);
            if (int const failure = store->set_all_pages()) {
                return std::unexpected(store->file() + ": " + std::strerror(failure));
            }
        }
        all.push_back({std::move(*disk), std::move(store)});
    }
    return all;
}

/// Gives the copy and its state a mark where they have none, or counts this start in both.
std::expected<void, std::string> NodeService::mark_copy(Found& found,
                                                        std::optional<std::string> const& copies,
                                                        std::vector<CopyDisk::Part> const& parts) {
    if (folder_ == nullptr || !copies) return {};
    std::vector<emulator::VolumeId> volumes;
    for (CopyDisk::Part const& part : parts) volumes.push_back(part.volume);
    std::uint64_t const lies_in = mark_of(volumes);
    CopyFacts const& facts = found.facts;
    if (auto fits = judge_volumes(facts, lies_in); !fits) return fits;
    bool const goes_on = found.begins == CopyBegins::goes_on;
    bool const begun = found.begins == CopyBegins::made && facts.in_state;
    CopyMark const mark{goes_on || begun ? facts.in_state->name : fresh_life(),
                        goes_on ? facts.in_state->turns : 1, lies_in, facts.shape};
    Marked marked{facts.mirror, *copies, found.store.get(), mark};
    auto done = goes_on ? marked.count() : marked.make();
    if (done) marked_.push_back(std::move(marked));
    return done;
}

/// The state says where its copy is, which has no mark of its own.
std::expected<void, std::string> NodeService::mark_plain(Found& found, MirrorSetup const& mirror) {
    if (folder_ == nullptr) return {};
    std::optional<CopyMark> const& was = found.facts.in_state;
    CopyMark const mark{was ? was->name : fresh_life(), 1, mark_of_export(mirror.plain),
                        found.facts.shape};
    if (was == mark) return {};
    int const failure = found.store->store(mark);
    if (failure == 0) return {};
    return std::unexpected(found.store->file() + ": " + std::strerror(failure));
}

std::expected<void, std::string> NodeService::Marked::in_state() const {
    int const failure = store->store(mark);
    if (failure == 0) return {};
    return std::unexpected(store->file() + ": " + std::strerror(failure));
}

// The order is what `judge_copy` makes sense of when a crash comes between the two.

std::expected<void, std::string> NodeService::Marked::make() const {
    if (auto first = in_state(); !first) return first;
    return CopyLabel::put(copies, mirror, mark);
}

std::expected<void, std::string> NodeService::Marked::count() {
    ++mark.turns;
    if (auto first = CopyLabel::put(copies, mirror, mark); !first) return first;
    return in_state();
}

std::expected<CopyDisk, std::string> NodeService::open_plain(NodeSetup const& setup,
                                                             MirrorSetup const& mirror) {
    nodes::Detection const& detection = setup.detection;
    auto plain = NbdExport::open({mirror.plain, mirror.config.sectors * sector_bytes,
                                  detection.connection_timeout, detection.reconnect});
    if (!plain) return std::unexpected(mirror.name + ": " + plain.error());
    return CopyDisk(std::move(*plain), setup.carries_zeroes);
}

std::expected<std::vector<CopyDisk::Part>, std::string> NodeService::volumes_of(
    MirrorSetup const& mirror, CopyBegins begins) {
    std::vector<CopyDisk::Part> parts;
    for (VolumeSetup const& volume : mirror.volumes) {
        auto const found = array_->driver().look_at([&](emulator::Array const& array) {
            return volume_for_copy(array.state().catalogue, volume_name(mirror, volume),
                                   volume.sectors, begins);
        });
        if (!found) return std::unexpected(mirror.name + ": " + found.error());
        parts.push_back({*found, volume.sectors});
    }
    return parts;
}

NodeEvents NodeService::events() {
    NodeEvents events;
    events.node = [this](nodes::Note const& note) { teller_->tell(note); };
    events.mirror = [this](std::size_t mirror, replication::Note const& note) {
        teller_->tell(mirror, note);
    };
    events.held = [this](std::size_t mirror, replication::Held const& held, Duration lasted) {
        teller_->tell(mirror, held, lasted);
    };
    events.words = [this](std::string const& words) {
        teller_->tell(Level::warning, "warned", words);
    };
    events.opened = [this](std::size_t mirror, bool open) {
        if (!open && left_service) left_service(mirror);
    };
    events.stop = [](bool reboots) {
        // Nothing is written back (R69). Whoever watches over the process knows by its exit
        // whether it is to be started again.
        log(Level::error,
            reboots ? "this node stops at once, and begins anew" : "this node stops at once");
        std::_Exit(reboots ? 75 : 0);
    };
    return events;
}

void NodeService::start() {
    if (std::string const words = what_it_may_hold(driver_->setup()); !words.empty()) {
        teller_->tell(Level::warning, "warned", words);
    }
    array_->start();
    driver_->start();
    if (control_ != nullptr) control_->start();
}

emulator::media::IoResult NodeService::stop() {
    if (control_ != nullptr) control_->stop();
    driver_->stop();
    auto const stopped = array_->stop();
    // What is put back from before this end is older.
    for (Marked& one : marked_) {
        if (auto counted = one.count(); !counted) log(Level::warning, counted.error());
    }
    marked_.clear();
    return stopped;
}

// Hosts.

std::vector<MirroredExport> NodeService::exports() const {
    std::vector<MirroredExport> all;
    NodeSetup const& setup = driver_->setup();
    for (std::size_t m = 0; m < setup.mirrors.size(); ++m) {
        std::uint64_t const opening = driver_->mirror(m).opening();
        if (opening == 0) continue;
        std::uint64_t first = 0;
        for (VolumeSetup const& volume : setup.mirrors[m].volumes) {
            all.push_back(
                {volume_name(setup.mirrors[m], volume), m, opening, first, volume.sectors,
                 fmt::format("{}, mirrored", to_text(ByteCount{volume.sectors * sector_bytes}))});
            first += volume.sectors;
        }
    }
    return all;
}

std::expected<MirroredExport, std::string> NodeService::find_export(std::string_view name) const {
    std::vector<MirroredExport> const all = exports();
    for (MirroredExport const& one : all) {
        if (one.name == name || (name.empty() && all.size() == 1)) return one;
    }
    std::vector<std::string> known;
    for (MirroredExport const& one : all) known.push_back(one.name);
    if (known.empty()) return std::unexpected("nothing is in service here");
    if (name.empty()) {
        return std::unexpected("several volumes are in service here, say which: " + join(known));
    }
    return std::unexpected(fmt::format("'{}' is not in service here{}; in service: {}", name,
                                       suggestion(name, known), join(known)));
}

namespace {

Extent sectors_of(MirroredExport const& at, std::uint64_t offset, std::uint64_t bytes) {
    return {at.first_sector + offset / sector_bytes, bytes / sector_bytes};
}

bool fits(MirroredExport const& at, std::uint64_t offset, std::uint64_t bytes) {
    return offset % sector_bytes == 0 && bytes % sector_bytes == 0 &&
           offset / sector_bytes + bytes / sector_bytes <= at.sectors;
}

}  // namespace

int NodeService::read(MirroredExport const& at, std::uint64_t offset, std::span<std::byte> into) {
    if (!fits(at, offset, into.size())) return EINVAL;
    if (!driver_->beats().wait_for_lease()) return ESHUTDOWN;
    return errno_of(
        driver_->mirror(at.mirror).read(at.opening, sectors_of(at, offset, into.size()), into));
}

int NodeService::write(MirroredExport const& at, std::uint64_t offset,
                       std::span<std::byte const> from, bool durable) {
    if (!fits(at, offset, from.size())) return EINVAL;
    if (!driver_->beats().wait_for_lease()) return ESHUTDOWN;
    // Queues of records are counted, so what one of them holds is bounded here. NBD promises that a
    // request is whole to nobody.
    for (std::size_t done = 0; done < from.size(); done += largest_record) {
        std::span<std::byte const> const part =
            from.subspan(done, std::min(largest_record, from.size() - done));
        int const failure = errno_of(driver_->mirror(at.mirror).write(
            at.opening, sectors_of(at, offset + done, part.size()), part, durable));
        if (failure != 0) return failure;
    }
    return 0;
}

int NodeService::zero(MirroredExport const& at, std::uint64_t offset, std::uint64_t count,
                      bool trim, bool durable) {
    if (!fits(at, offset, count)) return EINVAL;
    if (!driver_->beats().wait_for_lease()) return ESHUTDOWN;
    return errno_of(
        driver_->mirror(at.mirror).zero(at.opening, sectors_of(at, offset, count), trim, durable));
}

int NodeService::flush(MirroredExport const& at) {
    if (!driver_->beats().wait_for_lease()) return ESHUTDOWN;
    return errno_of(driver_->mirror(at.mirror).flush(at.opening));
}

}  // namespace sunder::live
