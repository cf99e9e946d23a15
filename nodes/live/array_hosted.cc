// SPDX-License-Identifier: BSD-3-Clause
//
// Presented volumes as hosts have them open.
#include "nodes/live/array_hosted.h"

#include "nodes/live/hosted_service.h"

#include <cerrno>

namespace sunder::live {

namespace {

class ArrayVolume final : public OpenVolume {
public:
    ArrayVolume(ArrayService& service, Export shown, bool read_only)
        : service_(service),
          shown_(std::move(shown)),
          writable_(shown_.writable && !read_only),
          attached_(service.attach(shown_)) {}

    [[nodiscard]] std::uint64_t bytes() const override { return shown_.bytes; }
    [[nodiscard]] bool writable() const override { return writable_; }
    [[nodiscard]] std::string const& description() const override { return shown_.description; }

    IoResult read(std::uint64_t offset, std::span<std::byte> into) override {
        return named(attached_->pass(
            false, [&] { return service_.disk().read(shown_.volume, offset, into); }));
    }
    IoResult write(std::uint64_t offset, std::span<std::byte const> from, bool durable) override {
        return named(attached_->pass(
            true, [&] { return service_.disk().write(shown_.volume, offset, from, durable); }));
    }
    IoResult flush() override {
        return named(attached_->pass(false, [&] { return service_.disk().flush(shown_.volume); }));
    }
    IoResult trim(std::uint64_t offset, std::uint64_t count, bool durable) override {
        return named(attached_->pass(true, [&] {
            return service_.disk().zero(shown_.volume, offset, count, false, durable);
        }));
    }
    IoResult zero(std::uint64_t offset, std::uint64_t count, bool may_trim, bool fast,
                  bool durable) override {
        // Space of a volume that is not thin is its own, whether something is mapped or not.
        bool const keep = shown_.thin && !may_trim;
        if (keep && fast) return std::unexpected(IoError{EOPNOTSUPP, "zeroes would be written"});
        return named(attached_->pass(true, [&] {
            return service_.disk().zero(shown_.volume, offset, count, keep, durable);
        }));
    }
    std::expected<std::vector<Stretch>, IoError> extents(std::uint64_t offset,
                                                         std::uint64_t count) override {
        auto const found = attached_->pass(
            false, [&] { return service_.driver().extents(shown_.volume, offset, count); });
        if (!found) return std::unexpected(found.error());
        std::vector<Stretch> all;
        for (emulator::Segment const& segment : *found) {
            all.push_back({segment.volume.count * sector_bytes, !segment.at.has_value()});
        }
        return all;
    }

private:
    /// The log has the errors of all volumes.
    [[nodiscard]] IoResult named(IoResult result) const {
        if (result || result.error().words.starts_with(shown_.volume_name + ":")) return result;
        return std::unexpected(
            IoError{result.error().number, shown_.volume_name + ": " + result.error().words});
    }

    ArrayService& service_;
    Export shown_;
    bool writable_;
    std::shared_ptr<Attachment> attached_;
};

}  // namespace

std::unique_ptr<Hosted> host_array(std::unique_ptr<ArrayService> service) {
    return std::make_unique<HostedService<ArrayService, ArrayVolume>>(std::move(service));
}

}  // namespace sunder::live
