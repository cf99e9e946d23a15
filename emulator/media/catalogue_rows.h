// SPDX-License-Identifier: BSD-3-Clause
//
// What the rows of a catalogue hold. Each body begins with the number of its format; texts are
// their size (u32) and bytes, all numbers little-endian, sizes in bytes unless said.
// - meta `array`: profile (text), licensed (u8), last id (u32). Format 2, of an array that is not
//   as its profile: then how many switches (u32), and of each its name and its value (texts).
// - disk_group: name, capacity (u64), largest drive (u64), spares (u8), alarm and warning percent
//   (u32), failed (u8).
// - volume: name, group (u16), sectors (u64), Vraid (u8), thin (u8), its role, map (u32), the
// caches
//   that were requested and are (u8), write protection (u8), the map that is leaving (u32). A map
//   of 0 is none. Role: its number (u8), then for a snapshot source (u32), demand and invalid (u8),
//   for a snapclone and a mirrorclone source and link (u32), for a container the source (u32) it
//   was prepared for, 0 for none.
// - host: name. presentation: volume (u32), access (u8). leaving: Vraid (u8).
#pragma once

#include "emulator/media/bytes.h"
#include "emulator/state.h"

namespace sunder::emulator::media {

void write_meta(Writer& into, State const& state);
void write(Writer& into, DiskGroup const& group);
void write(Writer& into, Volume const& volume);
void write(Writer& into, Host const& host);
void write(Writer& into, Presentation const& presentation);
void write(Writer& into, Vraid leaving);

/// The profile is left to the caller, by its name, and how the array differs from it. False when
/// the bytes cannot be that.
bool read_meta(Reader& from, State& into, std::string& profile, std::vector<Switch>& switches);
bool read(Reader& from, DiskGroup& into);
bool read(Reader& from, Volume& into);
bool read(Reader& from, Host& into);
bool read(Reader& from, Presentation& into);
bool read(Reader& from, Vraid& leaving);

}  // namespace sunder::emulator::media
