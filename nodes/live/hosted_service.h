// SPDX-License-Identifier: BSD-3-Clause
//
// What a service has exports of, as a process shows it to hosts: arrays and nodes differ in what
// can be done with a volume that is open, and in nothing else.
#pragma once

#include "nodes/live/hosted.h"

#include <utility>

namespace sunder::live {

/// `Volume` is made of the service, one of its exports, and whether it may only be read.
template <class Service, class Volume>
class HostedService final : public Hosted {
public:
    explicit HostedService(std::unique_ptr<Service> service) : service_(std::move(service)) {}

    void start() override { service_->start(); }
    IoResult stop() override { return service_->stop(); }

    [[nodiscard]] std::vector<Listed> list() const override {
        std::vector<Listed> all;
        for (auto const& one : service_->exports()) all.push_back({one.name, one.description});
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
        return std::make_unique<Volume>(*service_, std::move(*found), read_only);
    }

private:
    std::unique_ptr<Service> service_;
};

}  // namespace sunder::live
