// Dummy blocks: those beyond the picture, coded only to fill a MCU.
#pragma once

#include "cells.h"

namespace facecrypt::jpeg {

// What encoders write there: no AC coefficients, and the DC coefficient of the block before it
// in the cell. Public ones are set so, or listed where they are not so.
class DummyList {
public:
    // Components that no scan interleaves have no dummy blocks in the file.
    explicit DummyList(const Layout &layout);

    void take(const PackedRow &row, std::uint32_t y, const Owners &owners);
    const Bytes &packed() const noexcept { return packed_; }

private:
    const Frame &frame_;
    std::array<bool, 4> coded_{};
    std::uint64_t index_ = 0, last_ = 0;
    Bytes packed_;
};

class DummyFiller {
public:
    DummyFiller(const Frame &frame, View packed);

    // Puts the public cells that have some into `to`, where `changed` is set for them.
    void fill(const PackedRow &row, std::uint32_t y, const Owners &owners, PackedRow &to,
              std::vector<std::uint8_t> &changed);
    // Throws Damaged where the list goes on.
    void finish() const;

private:
    void advance();
    std::uint8_t *put(int before, std::uint8_t *to);

    const Frame &frame_;
    Input packed_;
    std::uint64_t index_ = 0, next_ = 0;
    bool more_ = true;
};

}  // namespace facecrypt::jpeg
