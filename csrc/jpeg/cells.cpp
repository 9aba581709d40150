#include "cells.h"

#include <algorithm>
#include <numeric>
#include <string>

namespace facecrypt::jpeg {
namespace {

// Where the blocks of cells before `x` end that hold pixels.
const std::uint8_t *pixels_end(const PackedRow &row, std::size_t s, std::uint32_t wide,
                               std::uint32_t x) noexcept {
    const std::uint32_t h = row.streams[s].h;
    if (x * h <= wide) return row.cell_end(s, x - 1);
    const std::uint8_t *at = row.cell(s, x - 1);
    for (std::uint32_t i = (x - 1) * h; i < wide; ++i) at = after_block(at);
    return at;
}

// Whether all coefficients of the blocks are 0.
bool are_empty(const std::uint8_t *at, const std::uint8_t *end) noexcept {
    std::array<std::uint8_t, packed_block> flat;
    const auto size = static_cast<std::size_t>(pack_flat(0, flat.data()) - flat.data());
    for (; at != end; at += size)
        if (static_cast<std::size_t>(end - at) < size || std::memcmp(at, flat.data(), size) != 0)
            return false;
    return true;
}

}  // namespace

Owners::Owners(const Frame &frame, const std::vector<Rect> &rects)
    : rects_(rects), by_top_(rects.size()), owners_(frame.across, nobody) {
    for (const Rect &rect : rects)
        if (rect.x0 > rect.x1 || rect.x1 > frame.across || rect.y0 > rect.y1 ||
            rect.y1 > frame.down)
            throw std::out_of_range("a rectangle outside the grid of " +
                                    std::to_string(frame.across) + " x " +
                                    std::to_string(frame.down) + " cells");
    std::iota(by_top_.begin(), by_top_.end(), 0u);
    std::stable_sort(by_top_.begin(), by_top_.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return rects[a].y0 < rects[b].y0; });
}

void Owners::rewind() noexcept {
    next_ = 0;
    here_.clear();
    std::fill(owners_.begin(), owners_.end(), nobody);
}

void Owners::go_to(std::uint32_t y) {
    const std::size_t before = here_.size();
    here_.erase(std::remove_if(here_.begin(), here_.end(),
                               [&](std::uint32_t i) { return !rects_[i].has_row(y); }),
                here_.end());
    bool changed = here_.size() != before;
    for (; next_ < by_top_.size() && rects_[by_top_[next_]].y0 <= y; ++next_)
        if (rects_[by_top_[next_]].has_row(y)) {
            here_.push_back(by_top_[next_]);
            changed = true;
        }
    if (!changed) return;
    std::sort(here_.begin(), here_.end());
    std::fill(owners_.begin(), owners_.end(), nobody);
    for (auto i = here_.rbegin(); i != here_.rend(); ++i)
        std::fill(owners_.begin() + rects_[*i].x0, owners_.begin() + rects_[*i].x1, *i);
}

void put_tokens(const Frame &frame, const PackedRow &row, std::uint32_t y, const Owners &owners,
                File file, Bytes &out) {
    for (std::size_t s = 0; s < row.streams.size(); ++s) {
        const Component &one = frame.components[row.streams[s].component];
        if (y * static_cast<std::uint32_t>(one.v) + row.streams[s].j >= one.high) continue;
        each_run(
            frame.across, [&](std::uint32_t x) { return owners.of(x) != nobody; },
            [&](std::uint32_t from, std::uint32_t to, bool owned) {
                if (owned && file == File::original) return;
                const std::uint8_t *const at = row.cell(s, from), *const end = pixels_end(
                                                                      row, s, one.wide, to);
                if (owned && are_empty(at, end)) return;
                out.put(View{at, static_cast<std::size_t>(end - at)});
            });
    }
}

void clear_owned(const Frame &frame, const Planes &row, const Owners &owners) noexcept {
    if (owners.here().empty()) return;
    for (std::size_t c = 0; c < frame.components.size(); ++c) {
        const auto h = static_cast<std::size_t>(frame.components[c].h);
        const auto v = static_cast<std::size_t>(frame.components[c].v);
        for (std::uint32_t cell = 0; cell < frame.across; ++cell) {
            if (owners.of(cell) == nobody) continue;
            for (std::size_t j = 0; j < v; ++j)
                std::memset(row[c].block(cell * h, j), 0, h * sizeof(std::int16_t[64]));
        }
    }
}

}  // namespace facecrypt::jpeg
