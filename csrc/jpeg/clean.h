// Entropy-coded bytes without stuffing and restart markers.
#pragma once

#include "bytes.h"

#include <vector>

namespace facecrypt::jpeg {

// Where the entropy-coded bytes end that begin at `from`: at a marker other than RST, or at the
// end of the file.
std::size_t scan_end(View file, std::size_t from);

class Clean {
public:
    Clean() = default;
    explicit Clean(View coded);

    std::size_t intervals() const noexcept { return bounds_.size() - 1; }
    // How many of them begin the scan or follow the restart marker that is due.
    std::size_t in_order() const noexcept { return in_order_; }
    const std::uint8_t *begin(std::size_t i) const noexcept { return bytes_.data() + bounds_[i]; }
    const std::uint8_t *end(std::size_t i) const noexcept { return begin(i + 1); }

private:
    Bytes bytes_;  // with slack for BitReader
    std::vector<std::size_t> bounds_;
    std::size_t in_order_ = 1;
};

// How many of the coded bytes hold `intervals` whole intervals, and `clean` bytes of the next.
std::size_t coded_size(View coded, std::size_t intervals, std::size_t clean);

}  // namespace facecrypt::jpeg
