// What C libraries print to standard error, caught for the thread that made them print it.
#pragma once

#include <cstddef>
#include <string>

namespace facecrypt {

// Whether this platform can catch messages; where it cannot, they are printed as ever.
bool can_hear() noexcept;

// From here to stop_hearing(), what this thread prints through the C library's `stderr` is kept,
// up to a few kilobytes of it. Other threads print as ever. Not to be nested.
void start_hearing() noexcept;
std::string stop_hearing();

}  // namespace facecrypt
