// Cuts regions out of a JPEG.
#include "tasks.h"

namespace facecrypt::jpeg {
namespace {

class Cutter final : public Task {
public:
    Cutter(View file, std::vector<Rect> rects, CutParts &parts)
        : file_(file), rects_(std::move(rects)), parts_(parts), layout_(read_layout(file, false)),
          standard_(layout_.all_standard && !layout_.frame.progressive()),
          source_(file, layout_, is_one_scan(layout_)), owners_(layout_.frame, rects_),
          dummies_(layout_), cleared_(layout_.frame, 1) {
        parts_.regions.resize(rects_.size());
        cleared_.begin_cell(0);
        for (PackedRow::Stream &stream : cleared_.streams)
            for (std::uint32_t i = 0; i < stream.h; ++i) stream.to = pack_flat(0, stream.to);
        if (is_one_scan(layout_)) start_scan();
    }

private:
    bool advance() override {
        if (y_ == layout_.frame.down) {
            finish();
            return false;
        }
        const PackedRow &row = source_.row(y_);
        owners_.go_to(y_);
        take_regions(row);
        dummies_.take(row, y_, owners_);
        if (wants_tokens) put_tokens(layout_.frame, row, y_, owners_, File::original, tokens);
        if (is_one_scan(layout_))
            encode(row);
        else
            clear_owned(layout_.frame, row_of(layout_.frame, source_.all(), y_), owners_);
        ++y_;
        return true;
    }

    void take_regions(const PackedRow &row) {
        for (const std::uint32_t i : owners_.here()) {
            auto at = takers_.find(i);
            if (at == takers_.end()) at = takers_.try_emplace(i, layout_.frame, rects_[i], i).first;
            at->second.take(row, owners_);
            if (y_ + 1 != rects_[i].y1) continue;
            parts_.regions[i] = at->second.finish();
            takers_.erase(at);
        }
    }

    // Of a JPEG of one scan the public one is written, or counted, as the rows come.
    void start_scan() {
        const Scan &scan = layout_.scans[0];
        if (standard_) {
            start_writing(with_standard_tables(layout_.frame, scan));
        } else {
            counter_.emplace(scan);
            counting_.emplace(layout_.frame, scan, plain_, *counter_);
        }
    }

    void start_writing(Scan scan) {
        parts_.public_part.clear();
        public_ = {std::move(scan)};
        writer_.emplace(layout_.frame, public_, parts_.public_part);
        writer_->start_scan(public_[0]);
        bits_.emplace(layout_.frame, public_[0], parts_.public_part);
        writing_.emplace(layout_.frame, public_[0], plain_, bits_->sink);
    }

    // What is counted is kept, about a byte for each pixel: decoding it again takes longer.
    void encode(const PackedRow &row) {
        if (counting_) {
            each_cell(row, *counting_);
            kept_.push_back(row.compact());
        }
        if (!writing_) return;
        try {
            each_cell(row, *writing_);
        } catch (const MissingSymbol &) {
            stop_writing();
        }
    }

    // With those that are cut out empty.
    template <class Encoder> void each_cell(const PackedRow &row, Encoder &encoder) {
        each_run(
            layout_.frame.across, [this](std::uint32_t x) { return owners_.of(x) != nobody; },
            [&](std::uint32_t x, std::uint32_t end, bool owned) {
                if (!owned) return encoder.cells(row, x, end);
                for (; x < end; ++x) encoder.cells(cleared_, 0, 1);
            });
    }

    void stop_writing() {
        writing_.reset();
        bits_.reset();
    }

    void finish() {
        parts_.recipe = pack(source_.finish());
        parts_.skeleton = bare_copy(file_, layout_);
        parts_.dummies.put(dummies_.packed().view());
        parts_.end = layout_.end;
        if (!is_one_scan(layout_))
            parts_.public_part = write_public(layout_, source_.all(), standard_);
        else
            finish_scan();
    }

    void finish_scan() {
        if (writing_) try {
                writing_->finish();
                return writer_->end();
            } catch (const MissingSymbol &) {
                stop_writing();
            }
        if (!counting_) {  // the tables of Annex K did not do
            counter_.emplace(layout_.scans[0]);
            counting_.emplace(layout_.frame, layout_.scans[0], plain_, *counter_);
            source_.rewind();
            owners_.rewind();
            for (std::uint32_t y = 0; y < layout_.frame.down; ++y) {
                owners_.go_to(y);
                encode(source_.row(y));
            }
        }
        start_writing(with_optimal_tables(layout_.frame, layout_.scans[0], *counter_));
        owners_.rewind();
        for (std::uint32_t y = 0; y < layout_.frame.down; ++y) {
            owners_.go_to(y);
            each_cell(kept_[y], *writing_);
        }
        writing_->finish();
        writer_->end();
    }

    View file_;
    std::vector<Rect> rects_;
    CutParts &parts_;
    Layout layout_;
    bool standard_;
    Source source_;
    Owners owners_;
    DummyList dummies_;
    PackedRow cleared_;  // a cell
    std::vector<PackedRow> kept_;
    std::uint32_t y_ = 0;
    std::map<std::uint32_t, RegionTaker> takers_;

    const Recipe plain_;
    std::optional<Counter> counter_;
    std::optional<ScanEncoder<Counter>> counting_;
    std::vector<Scan> public_;
    std::optional<PublicWriter> writer_;
    std::optional<ScanWriter> bits_;
    std::optional<ScanEncoder<Writer<true>>> writing_;
};

class Tokens final : public Task {
public:
    Tokens(View file, std::vector<Rect> rects, File kind)
        : rects_(std::move(rects)), kind_(kind), layout_(read_layout(file, false)),
          source_(file, layout_, is_one_scan(layout_)), owners_(layout_.frame, rects_) {}

private:
    bool advance() override {
        if (y_ == layout_.frame.down) {
            source_.finish();
            return false;
        }
        const PackedRow &row = source_.row(y_);
        owners_.go_to(y_);
        put_tokens(layout_.frame, row, y_++, owners_, kind_, tokens);
        return true;
    }

    std::vector<Rect> rects_;
    File kind_;
    Layout layout_;
    Source source_;
    Owners owners_;
    std::uint32_t y_ = 0;
};

}  // namespace

std::unique_ptr<Task> make_cut(View file, std::vector<Rect> rects, CutParts &parts) {
    return std::make_unique<Cutter>(file, std::move(rects), parts);
}

std::unique_ptr<Task> make_tokens(View file, std::vector<Rect> rects, File kind) {
    return std::make_unique<Tokens>(file, std::move(rects), kind);
}

}  // namespace facecrypt::jpeg
