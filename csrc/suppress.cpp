// Greedy suppression of boxes, in time proportional to their number.
//
// A box meets only the kept boxes that lie near it. These are found by size and place: boxes whose
// longer side is in [2^e, 2^(e+1)) are of class e, and lie in the cell of their first corner, in a
// grid of cells as large as any of them.
#include "kernels.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <new>
#include <numeric>
#include <vector>

namespace facecrypt {
namespace {

using Index = std::int32_t;
constexpr Index none = -1;

struct Span {
    double x0, y0, x1, y1;  // half-open
    double longer() const { return std::max(x1 - x0, y1 - y0); }
    bool empty() const { return !(x1 > x0 && y1 > y0); }
};

// Intersection over union, of half-open boxes, as OpenCV's NMSBoxes computes it: what is compared
// is one minus a distance that was rounded to float, and decides where a share is the threshold.
class OfUnion {
public:
    OfUnion(const float *boxes, float threshold) : boxes_(boxes), threshold_(threshold) {}
    Span span(Index i) const {
        const float *b = boxes_ + 4 * static_cast<std::ptrdiff_t>(i);
        return {b[0], b[1], b[2], b[3]};
    }
    // Boxes that share so much differ in size by less than 1 / threshold, and their corners by less
    // than 1 - threshold of a side; a little more, for what is rounded.
    int reach() const { return std::ilogb(1 / threshold_) + 1; }
    double slack() const { return 1.001 - threshold_; }
    bool suppresses(Index i, Index j) const {
        const Span a = span(i), b = span(j);
        const double width = std::min(a.x1, b.x1) - std::max(a.x0, b.x0);
        const double height = std::min(a.y1, b.y1) - std::max(a.y0, b.y0);
        if (!(width > 0 && height > 0)) return false;
        const double both = width * height;
        const double all = (a.x1 - a.x0) * (a.y1 - a.y0) + (b.x1 - b.x0) * (b.y1 - b.y0) - both;
        return 1.0f - static_cast<float>(1.0 - both / all) > threshold_;
    }

private:
    const float *boxes_;
    float threshold_;
};

// Intersection over the smaller area, edges inclusive, in float, as facenet-pytorch computes it.
class OfSmaller {
public:
    OfSmaller(const float *boxes, float threshold) : boxes_(boxes), threshold_(threshold) {}
    Span span(Index i) const {
        const float *b = boxes_ + 4 * static_cast<std::ptrdiff_t>(i);
        return {b[0], b[1], b[2] + 1.0, b[3] + 1.0};
    }
    // A box may lie within one of any size.
    int reach() const { return std::numeric_limits<int>::max() / 2; }
    double slack() const { return 1; }
    bool suppresses(Index i, Index j) const {
        const float *a = boxes_ + 4 * static_cast<std::ptrdiff_t>(i);
        const float *b = boxes_ + 4 * static_cast<std::ptrdiff_t>(j);
        const float width = std::min(a[2], b[2]) - std::max(a[0], b[0]) + 1;
        const float height = std::min(a[3], b[3]) - std::max(a[1], b[1]) + 1;
        if (!(width > 0 && height > 0)) return false;
        const float smaller = std::min(area(a), area(b));
        return !(width * height / smaller <= threshold_);
    }

private:
    static float area(const float *b) { return (b[2] - b[0] + 1) * (b[3] - b[1] + 1); }
    const float *boxes_;
    float threshold_;
};

// The boxes kept so far.
class Kept {
public:
    explicit Kept(std::size_t count) : in_bucket_(count), in_class_(count) {
        std::size_t size = 16;
        while (size < 2 * count) size *= 2;
        buckets_.assign(size, none);
    }

    void add(Index i, const Span &span) {
        Class &group = class_of(std::ilogb(span.longer()));
        Index &bucket = bucket_of(group, cell(span.x0, group), cell(span.y0, group));
        in_bucket_[static_cast<std::size_t>(i)] = bucket;
        in_class_[static_cast<std::size_t>(i)] = group.last;
        bucket = group.last = i;
        ++group.count;
    }

    // Whether `rule` lets any of them suppress box i.
    template <class Rule> bool suppress(const Rule &rule, Index i, const Span &span) const {
        const int own = std::ilogb(span.longer());
        const auto hit = [&rule, i](Index j) { return rule.suppresses(i, j); };
        return std::any_of(classes_.begin(), classes_.end(), [&](const Class &group) {
            return std::abs(group.exponent - own) <= rule.reach() &&
                   any_near(span, rule.slack(), group, hit);
        });
    }

private:
    struct Class {
        int exponent;
        double side;  // of its cells
        std::int64_t count;
        Index last;
    };

    Class &class_of(int exponent) {
        for (Class &group : classes_)
            if (group.exponent == exponent) return group;
        classes_.push_back({exponent, std::ldexp(1.0, exponent + 1), 0, none});
        return classes_.back();
    }

    static std::int64_t cell(double x, const Class &group) {
        return static_cast<std::int64_t>(std::floor(x / group.side));
    }

    std::size_t slot(const Class &group, std::int64_t x, std::int64_t y) const {
        // Odd constants spread neighbours; cells that share a bucket cost time, nothing else.
        const std::uint64_t mixed = static_cast<std::uint64_t>(x) * 0x9E3779B97F4A7C15u ^
                                    static_cast<std::uint64_t>(y) * 0xC2B2AE3D27D4EB4Fu ^
                                    static_cast<std::uint64_t>(group.exponent) *
                                        0x165667B19E3779F9u;
        return (mixed ^ mixed >> 32) & (buckets_.size() - 1);
    }
    Index &bucket_of(const Class &group, std::int64_t x, std::int64_t y) {
        return buckets_[slot(group, x, y)];
    }

    template <class Hit>
    static bool any_in(Index first, const std::vector<Index> &next, const Hit &hit) {
        for (Index i = first; i != none; i = next[static_cast<std::size_t>(i)])
            if (hit(i)) return true;
        return false;
    }

    template <class Hit>
    bool any_near(const Span &span, double slack, const Class &group, const Hit &hit) const {
        // Where the first corner may lie; a pixel more, for coordinates that were rounded.
        const double before = slack * group.side + 1;
        const std::int64_t left = cell(span.x0 - before, group),
                           right = cell(span.x0 + slack * (span.x1 - span.x0) + 1, group),
                           top = cell(span.y0 - before, group),
                           bottom = cell(span.y0 + slack * (span.y1 - span.y0) + 1, group);
        const double cells = static_cast<double>(right - left + 1) *
                             static_cast<double>(bottom - top + 1);
        if (cells >= static_cast<double>(group.count)) return any_in(group.last, in_class_, hit);
        for (std::int64_t y = top; y <= bottom; ++y)
            for (std::int64_t x = left; x <= right; ++x)
                if (any_in(buckets_[slot(group, x, y)], in_bucket_, hit)) return true;
        return false;
    }

    std::vector<Class> classes_;
    std::vector<Index> buckets_, in_bucket_, in_class_;
};

template <class Rule>
std::size_t greedy(const Rule &rule, const std::vector<Index> &order, Index *kept) {
    Kept known(order.size());
    std::size_t count = 0;
    for (const Index i : order) {
        const Span span = rule.span(i);
        if (!span.empty()) {
            if (known.suppress(rule, i, span)) continue;
            known.add(i, span);
        }
        kept[count++] = i;
    }
    return count;
}

}  // namespace

std::ptrdiff_t suppress(const Suppression &job, std::int32_t *kept) noexcept try {
    std::vector<Index> order(job.count);
    std::iota(order.begin(), order.end(), 0);
    if (job.nested) std::reverse(order.begin(), order.end());
    std::stable_sort(order.begin(), order.end(),
                     [&job](Index a, Index b) { return job.scores[a] > job.scores[b]; });
    const std::size_t count = job.nested ? greedy(OfSmaller(job.boxes, job.threshold), order, kept)
                                         : greedy(OfUnion(job.boxes, job.threshold), order, kept);
    return static_cast<std::ptrdiff_t>(count);
} catch (const std::bad_alloc &) {
    return -1;
}

}  // namespace facecrypt
