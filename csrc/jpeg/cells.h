// Cells of a row: which rectangle owns each, and what is done to a row of them.
#pragma once

#include "packed.h"

namespace facecrypt::jpeg {

// Cells [x0, x1) x [y0, y1).
struct Rect {
    std::uint32_t x0, y0, x1, y1;

    bool has_row(std::uint32_t y) const noexcept { return x0 < x1 && y >= y0 && y < y1; }
    std::uint32_t across() const noexcept { return x1 - x0; }
};

constexpr std::uint32_t nobody = UINT32_MAX;

// The owners of the cells of one row after the other: of several rectangles the first.
class Owners {
public:
    // Throws std::out_of_range where a rectangle is outside the grid.
    Owners(const Frame &frame, const std::vector<Rect> &rects);

    // Rows go from 0 up.
    void go_to(std::uint32_t y);
    void rewind() noexcept;
    // Of the row: the rectangles that reach it, in their order; whether it has any.
    const std::vector<std::uint32_t> &here() const noexcept { return here_; }
    std::uint32_t of(std::uint32_t x) const noexcept { return owners_[x]; }
    const std::uint32_t *data() const noexcept { return owners_.data(); }

private:
    const std::vector<Rect> &rects_;
    std::vector<std::uint32_t> by_top_, here_, owners_;
    std::size_t next_ = 0;
};

// Calls visit(from, to, what) for each run of cells of which `is` says the same.
template <class Is, class Visit>
void each_run(std::uint32_t across, Is &&is, Visit &&visit) {
    for (std::uint32_t from = 0, to; from < across; from = to) {
        const bool what = is(from);
        for (to = from + 1; to < across && is(to) == what;) ++to;
        visit(from, to, what);
    }
}

// Whether a file was sealed. Cells that have an owner are empty in it.
enum class File { original, sealed };

// Appends the tokens of the public blocks of a row of cells: all blocks without an owner, and those
// of a sealed file where somebody wrote into cells that have one.
void put_tokens(const Frame &frame, const PackedRow &row, std::uint32_t y, const Owners &owners,
                File file, Bytes &out);

// Zeros in every cell that has an owner.
void clear_owned(const Frame &frame, const Planes &row, const Owners &owners) noexcept;

}  // namespace facecrypt::jpeg
