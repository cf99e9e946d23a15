// SPDX-License-Identifier: BSD-3-Clause
//
// May this be done to the array? Pure: each function looks at the state and the command, and names
// the rule that speaks against it (arrays A4, A8), or nothing does.
#pragma once

#include "emulator/command.h"
#include "emulator/refusal.h"
#include "emulator/state.h"

#include <optional>

namespace sunder::emulator {

using Verdict = std::optional<Refusal>;

Verdict may(State const&, command::AddDiskGroup const&);
Verdict may(State const&, command::FailDiskGroup const&);
Verdict may(State const&, command::DeleteDiskGroup const&);
Verdict may(State const&, command::AddVolume const&);
Verdict may(State const&, command::ExpandVolume const&);
Verdict may(State const&, command::DeleteVolume const&);
Verdict may(State const&, command::RenameVolume const&);
Verdict may(State const&, command::SetCache const&);
Verdict may(State const&, command::SetWriteProtect const&);
Verdict may(State const&, command::AddContainer const&);
Verdict may(State const&, command::ChangeIntoContainer const&);
Verdict may(State const&, command::Prepare const&);
Verdict may(State const&, command::AddHost const&);
Verdict may(State const&, command::DeleteHost const&);
Verdict may(State const&, command::Present const&);
Verdict may(State const&, command::Unpresent const&);
Verdict may(State const&, command::AddSnapshot const&);
Verdict may(State const&, command::AddSnapclone const&);
Verdict may(State const&, command::AddMirrorclone const&);
/// Whether each of the copies may be made is asked when it is its turn.
Verdict may(State const&, command::AddMultisnap const&);
Verdict may(State const&, command::RestoreSnapshot const&);
Verdict may(State const&, command::Fracture const&);
Verdict may(State const&, command::Resync const&);
Verdict may(State const&, command::RestoreMirrorclone const&);
Verdict may(State const&, command::Detach const&);
Verdict may(State const&, command::Migrate const&);

}  // namespace sunder::emulator
