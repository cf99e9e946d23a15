// SPDX-License-Identifier: BSD-3-Clause
//
// Boost.JSON, compiled in here once: Debian's libboost1.81-dev has its headers without its library.
#include <boost/json/src.hpp>
