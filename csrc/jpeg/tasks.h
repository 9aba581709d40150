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
std::unique_ptr<Task> make_tokens(View file, std::vector<Rect> rects, File kind);
std::unique_ptr<Task> make_restore(View file, std::vector<Rect> rects, SealedParts parts,
                                   Bytes &original);
Bytes place_regions(View file, const std::vector<Rect> &rects, const std::vector<View> &regions,
                    const std::vector<bool> &wanted);

// Puts regions back, row by row. Throws Damaged.
class Putters {
public:
    Putters(const Frame &frame, const std::vector<Rect> &rects, const std::vector<View> &regions)
        : frame_(frame), rects_(rects), regions_(regions) {}

    // Puts the cells of those that are wanted into `to`, where `changed` is set for them.
    template <class Wanted>
    void put(std::uint32_t y, const Owners &owners, PackedRow &to,
             std::vector<std::uint8_t> &changed, Wanted &&wanted) {
        for (const std::uint32_t i : owners.here()) {
            if (!wanted(i)) continue;
            put_row(i, to, owners);
            if (y + 1 == rects_[i].y1) active_.erase(i);
        }
        for (std::uint32_t x = 0; x < frame_.across; ++x)
            changed[x] = owners.of(x) != nobody && wanted(owners.of(x));
    }

private:
    void put_row(std::uint32_t i, PackedRow &to, const Owners &owners);

    const Frame &frame_;
    const std::vector<Rect> &rects_;
    const std::vector<View> &regions_;
    std::map<std::uint32_t, RegionPutter> active_;
};

}  // namespace facecrypt::jpeg
