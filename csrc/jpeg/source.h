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
    Source(View file, const Layout &layout, bool streams);

    // From 0 up; stands until the next is asked for.
    const PackedRow &row(std::uint32_t y);
    // Before row 0 is asked for again.
    void rewind();
    // After the last row.
    std::vector<Recipe> finish();
    // All of them, where they do not stream.
    const Planes &all() const noexcept { return coefficients_->planes(); }

private:
    View file_;
    const Layout &layout_;
    PackedRow row_;
    std::optional<Coefficients> coefficients_;
    std::optional<ScanDecoder> decoder_;
    std::vector<Recipe> recipes_;
};

}  // namespace facecrypt::jpeg
