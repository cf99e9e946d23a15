// SPDX-License-Identifier: BSD-3-Clause
//
// What shapes are called, and the patterns of their scalars. The check is in check.cc.
#include "scenarios/language/shape.h"

#include "base/text.h"

#include <fmt/format.h>

namespace sunder::language {

namespace {

struct QuantityText {
    char const* describe;
    char const* units;  ///< as alternatives of a regular expression
};

QuantityText text_of(shape::Quantity::Of of) {
    using Of = shape::Quantity::Of;
    switch (of) {
        case Of::duration:
            return {"a duration such as '200 us'", "ns|us|ms|s|min|h"};
        case Of::byte_count:
            return {"a number of bytes such as '64 KiB'", "B|KiB|MiB|GiB|TiB"};
        case Of::bandwidth:
            return {"a bandwidth such as '1 Gbit/s'", "[kMG]?bit/s|[kMG]B/s|[KMG]iB/s"};
        case Of::rate:
            return {"a rate such as '500/s'", "/s"};
        case Of::writes:
            return {"a number of writes such as '256 writes'", "writes?"};
        case Of::share:
            return {"a share such as '1 %'", "%"};
    }
    return {"", ""};
}

std::vector<std::string> quoted(std::vector<std::string> words) {
    for (std::string& word : words) word = fmt::format("'{}'", word);
    return words;
}

struct Describe {
    std::string operator()(shape::Object const& is) const { return is.what + " (a mapping)"; }
    std::string operator()(shape::OneKey const& is) const {
        return is.what + " (a mapping of one key)";
    }
    std::string operator()(shape::Variants const& is) const { return is.what + " (a mapping)"; }
    std::string operator()(shape::List const& is) const { return is.what + " (a list)"; }
    std::string operator()(shape::Map const& is) const { return is.what + " (a mapping of names)"; }
    std::string operator()(shape::Text const& is) const { return is.what; }
    std::string operator()(shape::Name const& is) const { return is.what; }
    std::string operator()(shape::Integer const& is) const {
        return fmt::format("{}, a whole number from {} to {}", is.what, is.least, is.most);
    }
    std::string operator()(shape::Choice const& is) const {
        if (is.words.size() > 3) return is.what;
        return join(quoted(is.words), " or ");
    }
    std::string operator()(shape::Quantity const& is) const { return text_of(is.of).describe; }
    std::string operator()(shape::Boolean const&) const { return "yes or no"; }
    std::string operator()(shape::Alternatives const& is) const {
        std::vector<std::string> descriptions;
        for (ShapePtr const& one : is.shapes) descriptions.push_back(describe(*one));
        return join(descriptions, ", or ");
    }
};

}  // namespace

std::string pattern_of(shape::Quantity::Of of) {
    return fmt::format("^[0-9]+(\\.[0-9]+)? ?({})$", text_of(of).units);
}

std::string describe(Shape const& shape) { return std::visit(Describe{}, shape.is); }

}  // namespace sunder::language
