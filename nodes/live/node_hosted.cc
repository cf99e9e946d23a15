// SPDX-License-Identifier: BSD-3-Clause
//
// Mirrored volumes as hosts have them open: bytes, errno and words.
#include "nodes/live/node_hosted.h"

#include "nodes/live/hosted_service.h"

#include <fmt/format.h>

#include <cerrno>

namespace sunder::live {

namespace {

class MirroredVolume final : public OpenVolume {
public:
    MirroredVolume(NodeService& service, MirroredExport shown, bool read_only)
        : service_(service), shown_(std::move(shown)), writable_(!read_only) {
        service_.driver().mirror(shown_.mirror).attached();
    }
    ~MirroredVolume() override { service_.driver().mirror(shown_.mirror).detached(); }
    MirroredVolume(MirroredVolume const&) = delete;
    MirroredVolume& operator=(MirroredVolume const&) = delete;

    [[nodiscard]] std::uint64_t bytes() const override { return shown_.sectors * sector_bytes; }
    [[nodiscard]] bool writable() const override { return writable_; }
    [[nodiscard]] std::string const& description() const override { return shown_.description; }
    [[nodiscard]] std::optional<std::size_t> mirror() const override { return shown_.mirror; }

    IoResult read(std::uint64_t offset, std::span<std::byte> into) override {
        return tell(service_.read(shown_, offset, into));
    }
    IoResult write(std::uint64_t offset, std::span<std::byte const> from, bool durable) override {
        return tell(service_.write(shown_, offset, from, durable));
    }
    IoResult flush() override { return tell(service_.flush(shown_)); }
    IoResult trim(std::uint64_t offset, std::uint64_t count, bool durable) override {
        return tell(service_.zero(shown_, offset, count, true, durable));
    }
    IoResult zero(std::uint64_t offset, std::uint64_t count, bool, bool, bool durable) override {
        // A zero is a record of a few bytes, on every copy.
        return tell(service_.zero(shown_, offset, count, false, durable));
    }
    /// Not asked of the copy: nobody but the machine may read it.
    std::expected<std::vector<Stretch>, IoError> extents(std::uint64_t,
                                                         std::uint64_t count) override {
        return std::vector{Stretch{count, false}};
    }

private:
    [[nodiscard]] IoResult tell(int number) const {
        if (number == 0) return {};
        char const* const why = number == ESHUTDOWN ? "is not in service here"
                                : number == EINVAL  ? "does not have these sectors"
                                                    : "could not do it";
        return std::unexpected(IoError{number, fmt::format("{} {}", shown_.name, why)});
    }

    NodeService& service_;
    MirroredExport shown_;
    bool writable_;
};

}  // namespace

std::unique_ptr<Hosted> host_node(std::unique_ptr<NodeService> service) {
    return std::make_unique<HostedService<NodeService, MirroredVolume>>(std::move(service));
}

}  // namespace sunder::live
