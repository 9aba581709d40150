// The coefficients of a JPEG, a row of cells at a time.
#pragma once

#include "scans.h"

#include <optional>

namespace facecrypt::jpeg {

// One scan that has all coefficients in the order of the picture.
bool is_one_scan(const Layout &layout) noexcept;

class Source {
public:
    // `streams`: rows are decoded as they are asked for, which needs one scan; else all at once,
    // and here. file and layout have to outlive this.
    // `remember`: what blocks were coded as, of a scan that streams.
    Source(View file, const Layout &layout, bool streams, bool remember = false);

    // From 0 up; stands until the next is asked for.
    Planes row(std::uint32_t y);
    // Of the row last asked for, where they stream and the scan has one row for each of cells.
    const CodedRow &coded() const noexcept { return decoder_->coded(); }
    // Before row 0 is asked for again.
    void rewind();
    // After the last row.
    std::vector<Recipe> finish();
    // All of them, where they do not stream.
    const Planes &all() const noexcept { return coefficients_.planes(); }

private:
    View file_;
    const Layout &layout_;
    bool streams_, remember_;
    Coefficients coefficients_;
    std::optional<ScanDecoder> decoder_;
    std::vector<Recipe> recipes_;
};

// Rows of a cell, in a scan of one component rows of blocks, that scan rows of cells have.
template <class Row>
void each_scan_row(const Frame &frame, const Scan &scan, std::uint32_t y, Row &&row) {
    if (scan.interleaved()) return row(std::size_t{0});
    const Component &one = frame.components[scan.components[0]];
    const auto v = static_cast<std::uint32_t>(one.v);
    for (std::uint32_t j = 0; j < v && y * v + j < one.high; ++j) row(std::size_t{j});
}

}  // namespace facecrypt::jpeg
