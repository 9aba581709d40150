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

void unpack_changed(const Frame &frame, const PackedRow &put,
                    const std::vector<std::uint8_t> &changed, const Planes &row) noexcept {
    for (std::uint32_t x = 0; x < frame.across; ++x)
        if (changed[x]) unpack_cell(put, x, row);
}

class Restorer final : public Task {
public:
    Restorer(View file, std::vector<Rect> rects, SealedParts parts, Bytes &original)
        : rects_(std::move(rects)), parts_(std::move(parts)), original_(original),
          sealed_(read_layout(file, false)), layout_(skeleton_of(parts_.skeleton)),
          one_scan_(is_one_scan(layout_)), recipes_(unpack(parts_.recipe)),
          source_(file, sealed_, is_one_scan(sealed_) && one_scan_), owners_(sealed_.frame, rects_),
          putters_(sealed_.frame, rects_, parts_.regions), dummies_(sealed_.frame, parts_.dummies),
          put_(sealed_.frame, sealed_.frame.across), changed_(sealed_.frame.across) {
        if (!same_frame(sealed_.frame, layout_.frame))
            throw Damaged("the original has another frame");
        if (recipes_.size() != layout_.scans.size() || parts_.regions.size() != rects_.size())
            throw Damaged("parts are missing");
        original_.room(file.size + parts_.skeleton.size + parts_.tail.size);
        if (one_scan_) start_scan(0);
    }

private:
    bool advance() override {
        const Frame &frame = sealed_.frame;
        if (y_ == frame.down) {
            finish();
            return false;
        }
        const PackedRow &row = source_.row(y_);
        owners_.go_to(y_);
        if (wants_tokens) put_tokens(frame, row, y_, owners_, File::sealed, tokens);
        put_.clear();
        putters_.put(y_, owners_, put_, changed_, all_wanted);
        dummies_.fill(row, y_, owners_, put_, changed_);
        if (one_scan_)
            encode(row);
        else
            unpack_changed(frame, put_, changed_, row_of(frame, source_.all(), y_));
        ++y_;
        return true;
    }

    void encode(const PackedRow &row) {
        each_run(
            sealed_.frame.across, [this](std::uint32_t x) { return changed_[x] != 0; },
            [&](std::uint32_t x, std::uint32_t end, bool changed) {
                encoder_->cells(changed ? put_ : row, x, end);
            });
    }

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
            if (!one_scan_) {
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
    bool one_scan_;
    std::vector<Recipe> recipes_;
    Source source_;
    Owners owners_;
    Putters putters_;
    DummyFiller dummies_;
    PackedRow put_;  // the cells that are not as in the sealed file
    std::vector<std::uint8_t> changed_;
    std::uint32_t y_ = 0;
    std::size_t copied_ = 0;
    std::optional<ScanWriter> bits_;
    std::optional<ScanEncoder<Writer<true>>> encoder_;
};

}  // namespace

void Putters::put_row(std::uint32_t i, PackedRow &to, const Owners &owners) {
    try {
        auto at = active_.find(i);
        if (at == active_.end())
            at = active_.try_emplace(i, frame_, rects_[i], i, regions_[i]).first;
        at->second.put(to, owners);
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
    check_size(file, frame);
    const Coefficients all(frame, frame.down);
    decode_scans(file, layout, all.planes());
    Owners owners(frame, rects);
    Putters putters(frame, rects, regions);
    PackedRow put(frame, frame.across);
    std::vector<std::uint8_t> changed(frame.across);
    for (std::uint32_t y = 0; y < frame.down; ++y) {
        owners.go_to(y);
        put.clear();
        putters.put(y, owners, put, changed, [&](std::uint32_t i) { return wanted[i]; });
        const Planes row = row_of(frame, all.planes(), y);
        clear_owned(frame, row, owners);
        unpack_changed(frame, put, changed, row);
    }
    return write_public(layout, all.planes(), false);
}

}  // namespace facecrypt::jpeg
