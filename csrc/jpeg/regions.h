// The coefficients of a region: a mode, tables of its own or none, and one sequential scan.
#pragma once

#include "cells.h"
#include "sequential.h"

namespace facecrypt::jpeg {

// Takes the rows of a region that is cut out.
class RegionTaker {
public:
    RegionTaker(const Frame &frame, Rect rect, std::uint32_t index)
        : frame_(frame), rect_(rect), index_(index) {}

    void take(const PackedRow &row, const Owners &owners);
    // The region part, empty where no cell is its own; may be called once.
    Bytes finish();

private:
    const Frame &frame_;
    Rect rect_;
    std::uint32_t index_;
    bool owns_ = false;
    Bytes blocks_;  // packed, in the order of the scan; 8 zeros for those of others
};

// Puts the rows of a region back. Throws Damaged.
class RegionPutter {
public:
    RegionPutter(const Frame &frame, Rect rect, std::uint32_t index, View part);

    // Puts the cells of the next row that are its own into `row`.
    void put(PackedRow &row, const Owners &owners);

private:
    Rect rect_;
    std::uint32_t index_;
    Bytes bits_;
    BitReader reader_;
    std::array<std::shared_ptr<const DecodeTable>, 2> dc_;
    std::array<std::shared_ptr<const AcTable>, 2> ac_;
    std::array<int, 4> last_{};
};

}  // namespace facecrypt::jpeg
