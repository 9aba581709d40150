// Puts regions back into a sealed JPEG, and writes the original.
#include "tasks.h"

namespace facecrypt::jpeg {
namespace {

constexpr auto all_wanted = [](std::uint32_t) { return true; };

Layout skeleton_of(View skeleton) {
    try {
        return read_layout(skeleton, true);
    } catch (const Refused &refused) {
        throw Damaged(std::string("the skeleton of the original: ") + refused.what());
    }
}

bool same_frame(const Frame &a, const Frame &b) noexcept {
    if (a.width != b.width || a.height != b.height || a.precision != b.precision ||
        a.components.size() != b.components.size())
        return false;
    for (std::size_t c = 0; c < a.components.size(); ++c)
        if (a.components[c].h != b.components[c].h || a.components[c].v != b.components[c].v)
            return false;
    return true;
}

class Restorer final : public Task {
public:
    Restorer(View file, std::vector<Rect> rects, SealedParts parts, Bytes &original)
        : rects_(std::move(rects)), parts_(std::move(parts)), original_(original),
          sealed_(read_layout(file, false)), layout_(skeleton_of(parts_.skeleton)),
          streams_(is_one_scan(sealed_) && is_one_scan(layout_)), recipes_(unpack(parts_.recipe)),
          copies_(streams_ && plain() &&
                  can_copy(sealed_.frame, sealed_.scans[0], layout_.scans[0])),
          translates_(streams_ && plain() && !copies_ &&
                      can_translate(sealed_.frame, sealed_.scans[0], layout_.scans[0])),
          source_(file, sealed_, streams_, translates_), owners_(sealed_.frame, rects_),
          putters_(sealed_.frame, rects_, parts_.regions), dummies_(sealed_.frame, parts_.dummies) {
        if (!same_frame(sealed_.frame, layout_.frame))
            throw Damaged("the original has another frame");
        if (recipes_.size() != layout_.scans.size() || parts_.regions.size() != rects_.size())
            throw Damaged("parts are missing");
        original_.room(file.size + parts_.skeleton.size + parts_.tail.size);
        if (!streams_) return;
        changed_.resize(sealed_.frame.across);
        start_scan(0);
    }

private:
    bool advance() override {
        const Frame &frame = sealed_.frame;
        if (y_ == frame.down) {
            finish();
            return false;
        }
        const Planes row = source_.row(y_);
        owners_.go_to(y_);
        if (wants_tokens) put_tokens(frame, row, y_, owners_, tokens);
        putters_.put(row, y_, owners_, all_wanted);
        dummies_.fill(row, y_, owners_);
        if (streams_) encode(row);
        ++y_;
        return true;
    }

    void encode(const Planes &row) {
        const Frame &frame = sealed_.frame;
        if (!(copies_ || translates_) || !source_.coded().plain)
            return each_scan_row(frame, layout_.scans[0], y_,
                                 [&](std::size_t j) { encoder_->row(row, j); });
        const bool bottom = y_ + 1 == frame.down;
        for (std::uint32_t x = 0; x < frame.across; ++x)  // the last may have dummy blocks
            changed_[x] = owners_.of(x) != nobody || bottom || x + 1 == frame.across;
        if (copies_)
            encoder_->row(row, 0, source_.coded(), changed_);
        else
            encoder_->translate(row, 0, source_.coded(), changed_);
    }

    bool plain() const { return !recipes_.empty() && recipes_[0].zeros_before_end.empty(); }

    void start_scan(std::size_t i) {
        const Scan &scan = layout_.scans[i];
        original_.put(parts_.skeleton.part(copied_, scan.begin));
        copied_ = scan.begin;
        bits_.emplace(layout_.frame, scan, original_);
        encoder_.emplace(layout_.frame, scan, recipes_[i], bits_->sink);
    }

    void finish_scan(std::size_t i) {
        encoder_->finish();
        const std::vector<std::uint8_t> &tail = recipes_[i].tail;
        original_.put(View{tail.data(), tail.size()});
    }

    void finish() {
        source_.finish();
        dummies_.finish();
        for (std::size_t i = 0; i < layout_.scans.size(); ++i) {
            if (!streams_) {
                start_scan(i);
                const std::uint32_t rows = units_down(layout_.frame, layout_.scans[i]);
                for (std::uint32_t y = 0; y < rows; ++y) encoder_->row(source_.all(), y);
            }
            finish_scan(i);
        }
        original_.put(parts_.skeleton.part(copied_, parts_.skeleton.size));
        original_.put(parts_.tail);
    }

    std::vector<Rect> rects_;
    SealedParts parts_;
    Bytes &original_;
    Layout sealed_, layout_;
    bool streams_;
    std::vector<Recipe> recipes_;
    bool copies_, translates_;
    std::vector<std::uint8_t> changed_;
    Source source_;
    Owners owners_;
    Putters putters_;
    DummyFiller dummies_;
    std::uint32_t y_ = 0;
    std::size_t copied_ = 0;
    std::optional<ScanWriter> bits_;
    std::optional<ScanEncoder<Writer<true>>> encoder_;
};

}  // namespace

void Putters::put_row(std::uint32_t i, const Planes &row, const Owners &owners) {
    try {
        auto at = active_.find(i);
        if (at == active_.end())
            at = active_.try_emplace(i, frame_, rects_[i], i, regions_[i]).first;
        at->second.put(row, owners);
    } catch (const std::runtime_error &error) {
        throw Damaged("region " + std::to_string(i) + ": " + error.what());
    }
}

std::unique_ptr<Task> make_restore(View file, std::vector<Rect> rects, SealedParts parts,
                                   Bytes &original) {
    return std::make_unique<Restorer>(file, std::move(rects), std::move(parts), original);
}

Bytes place_regions(View file, const std::vector<Rect> &rects, const std::vector<View> &regions,
                    const std::vector<bool> &wanted) {
    const Layout layout = read_layout(file, false);
    const Frame &frame = layout.frame;
    Source source(file, layout, false);
    Owners owners(frame, rects);
    Putters putters(frame, rects, regions);
    for (std::uint32_t y = 0; y < frame.down; ++y) {
        owners.go_to(y);
        putters.put(source.row(y), y, owners, [&](std::uint32_t i) { return wanted[i]; });
    }
    return write_public(layout, source.all(), false);
}

}  // namespace facecrypt::jpeg
