// SPDX-License-Identifier: BSD-3-Clause
//
// A process that serves an array: its driver, the volumes as hosts see them, and the door for
// operators. It decides which volume is shown to whom under which name; how hosts attach is the
// plugin's business.
#pragma once

#include "emulator/media/bad_disk.h"
#include "emulator/media/files.h"
#include "nodes/live/array_alarms.h"
#include "nodes/live/array_words.h"
#include "nodes/live/attachment.h"
#include "nodes/live/control_server.h"

#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sunder::live {

struct ArrayOptions {
    /// The folder of the store; none: everything is in memory, and gone with the process.
    std::optional<std::string> store{};
    /// Of an array that is made; of one that is there: none, or its own.
    std::string profile{};
    /// Of an array that is made; of one that is there: none, or as it is. None: it is.
    std::optional<bool> licensed{};
    /// Likewise: in which it is not as its profile (`set_switch`).
    std::vector<emulator::Switch> switches{};
    /// Where operators are heard; empty: nowhere.
    std::string control{};
    /// Said before anybody is heard; what is there already is left as it is, and when anything is
    /// otherwise than it is said, nothing at all is done (array_beginning.h).
    std::vector<std::vector<std::string>> begin{};
    /// Words for what is to be there and is not, which are said before those; empty: all is.
    std::function<std::vector<std::vector<std::string>>(emulator::Catalogue const&)> missing{};
    /// An array that is there is left as it is in everything, and nothing that is missing is made;
    /// all that is said of it is for one that is made.
    bool as_it_is = false;
    std::uint64_t background_rate = 0;  ///< bytes a second; 0: as fast as it goes
    std::uint64_t fault_seed = 1;       ///< of the faults that come by chance
};

/// A volume as one host sees it. Its name is HOST/VOLUME, and VOLUME when there is one host only.
struct Export {
    std::string name;
    std::string full_name;  ///< understood, too, as is the volume's where it says which
    emulator::HostId host;
    emulator::VolumeId volume;
    std::string volume_name;
    std::uint64_t bytes = 0;
    bool writable = false;
    bool thin = false;
    std::string description;
};

class ArrayService {
public:
    /// Opens or makes the array. The error says what is wrong, where, and what would be right.
    static std::expected<std::unique_ptr<ArrayService>, std::string> open(
        ArrayOptions const& options);

    /// Threads begin: to be called in the process that serves, after it forked.
    void start();
    /// Threads end, and everything is made durable, whether hosts asked for it or not. The error
    /// says what is lost.
    emulator::media::IoResult stop();

    /// What is shown and can be attached at this moment, in the order of hosts and LUNs.
    [[nodiscard]] std::vector<Export> exports() const;
    /// By either of its names; the only one there is for an empty name. The error is for people.
    [[nodiscard]] std::expected<Export, std::string> find_export(std::string_view name) const;

    /// Follows what operators do to the presentation.
    [[nodiscard]] std::shared_ptr<Attachment> attach(Export const& shown);

    /// The folder of its store; empty: it is in memory.
    [[nodiscard]] std::string where() const;
    emulator::media::BadDisk& disk() { return disk_; }
    emulator::media::Driver& driver() { return *driver_; }

    /// An operator's words, and the answer to them.
    ControlReply ask(std::span<std::string const> words);

private:
    struct Medium {
        std::unique_ptr<emulator::media::Folder> folder;  // of a store; outlives the driver
        std::unique_ptr<emulator::media::Driver> driver;
        bool made = true;  // it was not there
    };
    static std::expected<Medium, std::string> open_medium(ArrayOptions const& options);
    ArrayService(Medium medium, std::uint64_t fault_seed);
    ControlReply handle(ControlRequest const& request);
    [[nodiscard]] emulator::Access access_of(Attachment const& attached) const;
    void revise_attachments();
    ControlReply answer(emulator::Command const& command);
    ControlReply answer(AddFault asked);
    ControlReply answer(RemoveFault const& asked);
    ControlReply answer(ListFaults const&) const;
    ControlReply answer(ShowArray const&) const;
    std::expected<void, std::string> begin(ArrayOptions const& options);
    void tell_what_differs(ArrayOptions const& options) const;

    std::unique_ptr<emulator::media::Folder> folder_;
    std::unique_ptr<emulator::media::Driver> driver_;
    emulator::media::Faults faults_;
    emulator::media::BadDisk disk_;
    AlarmWatch alarms_;
    std::mutex attaching_;
    std::vector<std::weak_ptr<Attachment>> attached_;
    std::unique_ptr<ControlServer> control_;
};

}  // namespace sunder::live
