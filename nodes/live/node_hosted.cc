// SPDX-License-Identifier: BSD-3-Clause
//
// Mirrored volumes as hosts have them open: bytes, errno and words.
#include "nodes/live/node_hosted.h"

#include <fmt/format.h>

#include <cerrno>

namespace sunder::live {

namespace {

class MirroredVolume final : public OpenVolume {
public:
    MirroredVolume(NodeService& service, MirroredExport shown, bool writable)
        : service_(service), shown_(std::move(shown)), writable_(writable) {}

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

class HostedNode final : public Hosted {
public:
    explicit HostedNode(std::unique_ptr<NodeService> service) : service_(std::move(service)) {}

    void start() override { service_->start(); }
    IoResult stop() override { return service_->stop(); }

    [[nodiscard]] std::vector<Listed> list() const override {
        std::vector<Listed> all;
        for (MirroredExport const& one : service_->exports()) {
            all.push_back({one.name, one.description});
        }
        return all;
    }
    [[nodiscard]] std::optional<std::string> default_name() const override {
        auto const only = service_->find_export("");
        return only ? std::optional(only->name) : std::nullopt;
    }
    [[nodiscard]] std::expected<std::unique_ptr<OpenVolume>, std::string> open(
        std::string_view name, bool read_only) override {
        auto found = service_->find_export(name);
        if (!found) return std::unexpected(found.error());
        return std::make_unique<MirroredVolume>(*service_, std::move(*found), !read_only);
    }

private:
    std::unique_ptr<NodeService> service_;
};

}  // namespace

std::unique_ptr<Hosted> host_node(std::unique_ptr<NodeService> service) {
    return std::make_unique<HostedNode>(std::move(service));
}

}  // namespace sunder::live
