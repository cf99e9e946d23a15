// SPDX-License-Identifier: BSD-3-Clause
//
// The data of one copy, as its machine addresses it: the group's volumes one behind another, each a
// volume of the array, or all of them in one export of an NBD server. Many threads may use it at
// once. Errors are told as such and never become data (SAF-14). An image that the array keeps of it
// gives way to what is written.
#pragma once

#include "base/payload.h"
#include "base/units.h"
#include "emulator/media/bad_disk.h"
#include "nodes/live/copy_image.h"
#include "nodes/live/nbd_export.h"

#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace sunder::live {

class CopyDisk {
public:
    using Part = CopyImage::Part;

    /// `carries_zeroes`: a run of zeroes is read as bytes like any other. `image`: of these parts;
    /// null: none is ever kept.
    CopyDisk(emulator::media::BadDisk& array, std::vector<Part> parts, bool carries_zeroes,
             std::unique_ptr<CopyImage> image = nullptr)
        : array_(&array),
          parts_(std::move(parts)),
          image_(std::move(image)),
          carries_zeroes_(carries_zeroes) {}
    CopyDisk(std::unique_ptr<NbdExport> plain, bool carries_zeroes)
        : plain_(std::move(plain)), carries_zeroes_(carries_zeroes) {}

    // What the disk refuses is told in words for people.
    using Done = std::expected<void, std::string>;

    std::expected<Payload, std::string> read(Extent range);
    Done write(Extent range, Payload const& content);
    /// Everything that was written before is stable. After one failure none succeeds (G11).
    Done flush();

    /// Of an NBD server; null: of the array.
    [[nodiscard]] NbdExport* plain() { return plain_.get(); }
    /// Null: none is ever kept.
    [[nodiscard]] CopyImage* image() { return image_.get(); }

private:
    using IoResult = emulator::media::IoResult;
    template <class Each>
    IoResult for_each_part(Extent range, Each&& each) const;
    IoResult read_into(Extent range, std::span<std::byte> into);
    IoResult put(Extent range, Payload const& content);
    IoResult write_bytes(Extent range, std::span<std::byte const> all);
    IoResult write_zeroes(Extent range);
    [[nodiscard]] IoResult answer_of_plain(bool ok) const;

    emulator::media::BadDisk* array_ = nullptr;
    std::vector<Part> parts_;
    std::unique_ptr<CopyImage> image_;
    std::unique_ptr<NbdExport> plain_;
    bool carries_zeroes_;
};

}  // namespace sunder::live
