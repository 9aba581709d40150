// The tasks of jpeg.h, which throw.
#pragma once

#include "dummies.h"
#include "jpeg.h"
#include "public.h"
#include "regions.h"
#include "source.h"

#include <map>

namespace facecrypt::jpeg {

std::unique_ptr<Task> make_cut(View file, std::vector<Rect> rects, CutParts &parts);
std::unique_ptr<Task> make_tokens(View file, std::vector<Rect> rects);
std::unique_ptr<Task> make_restore(View file, std::vector<Rect> rects, SealedParts parts,
                                   Bytes &original);
Bytes place_regions(View file, const std::vector<Rect> &rects, const std::vector<View> &regions,
                    const std::vector<bool> &wanted);

// Puts regions back, row by row. Throws Damaged.
class Putters {
public:
    Putters(const Frame &frame, const std::vector<Rect> &rects, const std::vector<View> &regions)
        : frame_(frame), rects_(rects), regions_(regions) {}

    template <class Wanted>
    void put(const Planes &row, std::uint32_t y, const Owners &owners, Wanted &&wanted) {
        for (const std::uint32_t i : owners.here()) {
            if (!wanted(i)) continue;
            put_row(i, row, owners);
            if (y + 1 == rects_[i].y1) active_.erase(i);
        }
    }

private:
    void put_row(std::uint32_t i, const Planes &row, const Owners &owners);

    const Frame &frame_;
    const std::vector<Rect> &rects_;
    const std::vector<View> &regions_;
    std::map<std::uint32_t, RegionPutter> active_;
};

}  // namespace facecrypt::jpeg
