// SPDX-License-Identifier: BSD-3-Clause
//
// That there are formats (base/format.h), for classes that let theirs see what they keep to
// themselves. Which members those write, and how, is said in the list of each class.
#pragma once

namespace sunder {

template <class T>
struct Format;

}  // namespace sunder
