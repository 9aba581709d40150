#include "cells.h"

#include <algorithm>
#include <numeric>
#include <string>

namespace facecrypt::jpeg {
namespace {

// Little-endian, whatever the machine is.
std::uint8_t *store_block(std::uint8_t *to, const std::int16_t *block,
                          std::uint64_t mask) noexcept {
    for (int i = 0; i < 8; ++i) *to++ = static_cast<std::uint8_t>(mask >> (8 * i));
    for (; mask; mask &= mask - 1) {
        const auto value = static_cast<std::uint16_t>(block[lowest(mask)]);
        *to++ = static_cast<std::uint8_t>(value);
        *to++ = static_cast<std::uint8_t>(value >> 8);
    }
    return to;
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

void put_block(Bytes &out, const std::int16_t *block, std::uint64_t mask) {
    std::uint8_t *const from = out.room(packed_block);
    out.extend(static_cast<std::size_t>(store_block(from, block, mask) - from));
}

std::uint64_t take_block(Input &input, std::int16_t *block) {
    const View head = input.take(8);
    std::uint64_t mask = 0;
    for (std::size_t i = 0; i < 8; ++i) mask |= std::uint64_t{head[i]} << (8 * i);
    for (std::uint64_t left = mask; left; left &= left - 1) {
        const View value = input.take(2);
        block[lowest(left)] = static_cast<std::int16_t>(value[0] | value[1] << 8);
    }
    return mask;
}

void put_tokens(const Frame &frame, const Planes &row, std::uint32_t y, const Owners &owners,
                Bytes &out) {
    for (std::size_t c = 0; c < frame.components.size(); ++c) {
        const Component &one = frame.components[c];
        const auto h = static_cast<std::uint32_t>(one.h), v = static_cast<std::uint32_t>(one.v);
        for (std::uint32_t j = 0; j < v && y * v + j < one.high; ++j) {
            std::uint8_t *const from = out.room(one.wide * packed_block), *to = from;
            for (std::uint32_t cell = 0; cell * h < one.wide; ++cell) {
                if (owners.of(cell) != nobody) continue;
                const std::uint32_t end = std::min((cell + 1) * h, one.wide);
                for (std::uint32_t x = cell * h; x < end; ++x) {
                    const std::int16_t *block = row[c].block(x, j);
                    to = store_block(to, block, nonzero(block) | 1);
                }
            }
            out.extend(static_cast<std::size_t>(to - from));
        }
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
