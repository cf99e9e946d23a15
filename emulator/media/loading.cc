// SPDX-License-Identifier: BSD-3-Clause
//
// From rows to an array.
#include "emulator/media/loading.h"

#include "emulator/media/catalogue_rows.h"
#include "emulator/media/map_rows.h"
#include "emulator/media/problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace sunder::emulator::media {

namespace {

constexpr char const* use_that_version =
    "nothing was changed; open it with the version that made it";

class Loader {
public:
    Loader(Folder const& folder, Database& database, std::vector<Problem>& problems)
        : folder_(folder), database_(database), problems_(problems), before_(problems.size()) {}

    std::optional<Loaded> load() {
        if (!is_ours() || !has_tables()) return std::nullopt;
        for (unsigned table = 0; table < tables; ++table) read(static_cast<Table>(table));
        if (problems_.size() != before_) return std::nullopt;
        if (array_row_ == 0 || map_row_ == 0 || seal_row_ == 0) {
            complain("table meta", "a row is missing");
        } else if (seal_ != found_) {
            complain("", fmt::format("{} rows were saved and {} are there, or some are of another "
                                     "time; the seal does not fit",
                                     seal_.rows, found_.rows));
        }
        if (problems_.size() != before_) return std::nullopt;
        return assemble();
    }

private:
    void complain(std::string const& where, std::string what, char const* cure = restore_it) {
        std::string place = place_of(folder_, database_name);
        if (!where.empty()) place += ", " + where;
        problems_.push_back({std::move(what), std::move(place), cure});
    }
    /// What SQLite, or its files, said.
    bool sqlite_failed(std::string const& where) {
        if (database_.vfs().last_error() != 0) {
            problems_.push_back(
                refused(folder_, database_name, "it cannot be read", database_.vfs().last_error()));
        } else {
            complain(where, fmt::format("it is damaged; SQLite says: {}", database_.error_text()));
        }
        return false;
    }
    bool is_ours() {
        auto const id = database_.ask("PRAGMA application_id");
        auto const version = database_.ask("PRAGMA user_version");
        if (!id || !version) return sqlite_failed("");
        if (static_cast<std::int64_t>(*id) != application_id) {
            complain("", "it is a database, but not that of an array's store");
            return false;
        }
        auto const format = static_cast<std::int64_t>(*version);
        if (format > format_version) {
            complain("",
                     fmt::format("it has format {}; this version knows {} and older", format,
                                 format_version),
                     use_that_version);
        } else if (format != format_version) {
            complain("", fmt::format("it has format {}, which there never was", format));
        }
        Statement mode(database_.connection(), "PRAGMA journal_mode");
        if (!mode.step()) return sqlite_failed("");
        if (mode.text(0) != "wal") complain("", "its head is damaged, or it was changed by others");
        return problems_.size() == before_;
    }
    bool has_tables() {
        std::map<std::string, std::string> found;
        Statement all(database_.connection(), "SELECT name, sql FROM sqlite_schema");
        while (all.step()) found[all.text(0)] = all.text(1);
        if (!all.good()) return sqlite_failed("");
        std::map<std::string, std::string> expected;
        for (unsigned number = 0; number < tables; ++number) {
            auto const table = static_cast<Table>(number);
            expected.emplace(name_of(table), definition_of(table));
        }
        if (found == expected) return true;
        complain("", "its tables are not those of an array's store");
        return false;
    }
    void read(Table table) {
        std::string const name(name_of(table));
        Statement all(database_.connection(),
                      fmt::format("SELECT id, sum, body FROM {} ORDER BY id", name));
        while (all.step()) {
            auto const where = [&] { return fmt::format("table {}, row {}", name, all.number(0)); };
            if (!all.is_row()) {
                complain(where(), "it is damaged; it holds values of other kinds");
                continue;
            }
            std::uint64_t const id = all.number(0);
            std::uint64_t const sum = all.number(1);
            auto const body = all.bytes(2);
            if (sum_of(table, id, body) != sum) {
                complain(where(), "it is damaged; its checksum does not fit");
                continue;
            }
            Reader from(body);
            bool const seal =
                table == Table::meta && id == static_cast<std::uint64_t>(MetaRow::seal);
            if (!seal) found_.add(sum);
            if (!read(table, id, from))
                complain(where(), "this version cannot read it", use_that_version);
        }
        if (!all.good()) sqlite_failed("table " + name);
    }
    bool read(Table table, std::uint64_t id, Reader& from) {
        auto const short_id = static_cast<std::uint32_t>(id);
        Catalogue& catalogue = state_.catalogue;
        switch (table) {
            case Table::meta:
                return read_meta_row(id, from);
            case Table::disk_group:
                return media::read(from,
                                   catalogue.groups[DiskGroupId{static_cast<std::uint16_t>(id)}]);
            case Table::volume:
                return media::read(from, catalogue.volumes[VolumeId{short_id}]);
            case Table::host:
                return media::read(from, catalogue.hosts[HostId{short_id}]);
            case Table::presentation:
                return media::read(
                    from,
                    catalogue
                        .presentations[{HostId{static_cast<std::uint32_t>(id >> 32)}, short_id}]);
            case Table::leaving:
                return media::read(from, state_.leaving[MapId{short_id}]);
            case Table::map:
                return read_map(from, MapId{short_id}, contents_);
            case Table::node:
                return read_node_row(id, from);
            case Table::link:
                return read_link(from, LinkId{short_id}, contents_);
            case Table::link_page:
                return read_page(from, id, contents_);
        }
        return false;
    }
    bool read_meta_row(std::uint64_t id, Reader& from) {
        switch (static_cast<MetaRow>(id)) {
            case MetaRow::array:
                ++array_row_;
                return read_meta(from, state_, profile_, switches_);
            case MetaRow::map:
                ++map_row_;
                return read_meta(from, contents_);
            case MetaRow::seal:
                ++seal_row_;
                return read_seal(from, seal_);
        }
        return false;
    }
    bool read_node_row(std::uint64_t id, Reader& from) {
        auto const reach = read_node(from, id, contents_);
        if (reach && reach->sub_chunks != 0) leaf_reach_[id] = reach->sub_chunks;
        return reach.has_value();
    }
    std::optional<Loaded> assemble() {
        Profile const* const profile = find_profile(profile_);
        if (profile == nullptr) {
            complain("table meta",
                     fmt::format("its profile is \"{}\", which this version does not "
                                 "know",
                                 profile_),
                     use_that_version);
            return std::nullopt;
        }
        state_.profile = *profile;
        for (Switch const& one : switches_) {
            auto const set = set_switch(state_.profile, one);
            if (set) continue;
            complain("table meta", set.error(), use_that_version);
            return std::nullopt;
        }
        auto map = BlockMap::load(std::move(contents_));
        if (!map) return unsound(map.error());
        state_.map = std::move(*map);
        auto array = Array::load(std::move(state_));
        if (!array) return unsound(array.error());
        Loaded loaded{std::move(*array), found_, {}};
        find_reach(loaded);
        return loaded;
    }
    std::optional<Loaded> unsound(Unsound const& fault) {
        complain(fault.where, "its rows contradict each other: " + fault.what);
        return std::nullopt;
    }
    void find_reach(Loaded& loaded) const {
        BlockMap const& map = loaded.array.state().map;
        for (auto const& [id, family] : map.families()) {
            std::uint64_t furthest = 0;
            std::set<Node const*> seen;
            for (MapId const member : family.members) {
                BlockMap::Member const& own = map.member(member);
                walk(own.tree.root.get(), own.tree.height, seen, furthest);
            }
            // The last one may be of a volume that ends inside it.
            if (furthest == 0) continue;
            std::uint64_t& reach = loaded.reach[family.group];
            std::uint64_t const begin = (furthest - 1) * sub_chunk_sectors * sector_bytes;
            reach = std::max(reach, begin + sector_bytes);
        }
    }
    void walk(Node const* node, unsigned level, std::set<Node const*>& seen,
              std::uint64_t& furthest) const {
        if (node == nullptr || !seen.insert(node).second) return;
        if (level == 1) {
            auto const found = leaf_reach_.find(node->id);
            if (found != leaf_reach_.end()) furthest = std::max(furthest, found->second);
            return;
        }
        for (auto const& child : static_cast<Inner const*>(node)->children) {
            walk(child.get(), level - 1, seen, furthest);
        }
    }

    Folder const& folder_;
    Database& database_;
    std::vector<Problem>& problems_;
    std::size_t before_;
    State state_;
    std::string profile_;
    std::vector<Switch> switches_;
    MapContents contents_;
    std::map<NodeId, std::uint64_t> leaf_reach_;
    Seal seal_;   // as it was saved
    Seal found_;  // of the rows that are there
    unsigned array_row_ = 0;
    unsigned map_row_ = 0;
    unsigned seal_row_ = 0;
};

}  // namespace

std::optional<Loaded> load(Folder const& folder, Database& database,
                           std::vector<Problem>& problems) {
    return Loader(folder, database, problems).load();
}

}  // namespace sunder::emulator::media
