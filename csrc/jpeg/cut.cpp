// Cuts regions out of a JPEG.
#include "tasks.h"

namespace facecrypt::jpeg {
namespace {

class Cutter final : public Task {
public:
    Cutter(View file, std::vector<Rect> rects, CutParts &parts)
        : file_(file), rects_(std::move(rects)), parts_(parts), layout_(read_layout(file, false)),
          standard_(layout_.all_standard && !layout_.frame.progressive()),
          keeps_(is_one_scan(layout_) && !standard_ &&
                 can_translate(layout_.frame, layout_.scans[0], layout_.scans[0])),
          source_(file, layout_, is_one_scan(layout_), keeps_), owners_(layout_.frame, rects_),
          dummies_(layout_) {
        changed_.resize(layout_.frame.across);
        parts_.regions.resize(rects_.size());
        if (is_one_scan(layout_)) start_scan();
    }

private:
    bool advance() override {
        if (y_ == layout_.frame.down) {
            finish();
            return false;
        }
        const Planes row = source_.row(y_);
        owners_.go_to(y_);
        take_regions(row);
        dummies_.take(row, y_, owners_);
        if (wants_tokens) put_tokens(layout_.frame, row, y_, owners_, tokens);
        clear_owned(layout_.frame, row, owners_);
        encode(row);
        ++y_;
        return true;
    }

    void take_regions(const Planes &row) {
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
        copies_ = can_copy(layout_.frame, layout_.scans[0], public_[0]);
    }

    void encode(const Planes &row) {
        if (counting_) count(row);
        if (!writing_) return;
        try {
            write(row);
        } catch (const MissingSymbol &) {
            stop_writing();
        }
    }

    void find_changed() {
        for (std::uint32_t x = 0; x < layout_.frame.across; ++x)
            changed_[x] = owners_.of(x) != nobody;
    }

    // What it was coded as is kept, about a byte for each pixel: decoding again takes longer.
    void count(const Planes &row) {
        keeps_ &= source_.coded().plain;
        if (!keeps_) return each_row(row, *counting_);
        find_changed();
        counting_->translate(row, 0, source_.coded(), changed_);
        const std::vector<std::uint32_t> &symbols = source_.coded().symbols;
        kept_.emplace_back().symbols.assign(symbols.begin(),
                                            symbols.begin() + source_.coded().used);
    }

    void write_kept() {
        const Coefficients zeros(layout_.frame, 1);  // of the cells that have changed
        owners_.rewind();
        for (std::uint32_t y = 0; y < layout_.frame.down; ++y) {
            owners_.go_to(y);
            find_changed();
            writing_->translate(zeros.planes(), 0, kept_[y], changed_);
            kept_[y] = CodedRow();
        }
    }

    void write(const Planes &row) {
        if (!copies_ || !source_.coded().plain) return each_row(row, *writing_);
        find_changed();
        writing_->row(row, 0, source_.coded(), changed_);
    }

    template <class Encoder> void each_row(const Planes &row, Encoder &encoder) {
        each_scan_row(layout_.frame, layout_.scans[0], y_,
                      [&](std::size_t j) { encoder.row(row, j); });
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
            all_rows(*counting_);
        }
        start_writing(with_optimal_tables(layout_.frame, layout_.scans[0], *counter_));
        if (keeps_)
            write_kept();
        else
            all_rows(*writing_);
        writing_->finish();
        writer_->end();
    }

    template <class Encoder> void all_rows(Encoder &encoder) {
        source_.rewind();
        owners_.rewind();
        for (y_ = 0; y_ < layout_.frame.down; ++y_) {
            const Planes row = source_.row(y_);
            owners_.go_to(y_);
            clear_owned(layout_.frame, row, owners_);
            each_row(row, encoder);
        }
    }

    View file_;
    std::vector<Rect> rects_;
    CutParts &parts_;
    Layout layout_;
    bool standard_, keeps_;
    Source source_;
    Owners owners_;
    DummyList dummies_;
    std::vector<CodedRow> kept_;
    std::uint32_t y_ = 0;
    std::map<std::uint32_t, RegionTaker> takers_;

    const Recipe plain_;
    std::optional<Counter> counter_;
    std::optional<ScanEncoder<Counter>> counting_;
    std::vector<Scan> public_;
    std::optional<PublicWriter> writer_;
    std::optional<ScanWriter> bits_;
    std::optional<ScanEncoder<Writer<true>>> writing_;
    bool copies_ = false;
    std::vector<std::uint8_t> changed_;
};

class Tokens final : public Task {
public:
    Tokens(View file, std::vector<Rect> rects)
        : rects_(std::move(rects)), layout_(read_layout(file, false)),
          source_(file, layout_, is_one_scan(layout_)), owners_(layout_.frame, rects_) {}

private:
    bool advance() override {
        if (y_ == layout_.frame.down) {
            source_.finish();
            return false;
        }
        const Planes row = source_.row(y_);
        owners_.go_to(y_);
        put_tokens(layout_.frame, row, y_++, owners_, tokens);
        return true;
    }

    std::vector<Rect> rects_;
    Layout layout_;
    Source source_;
    Owners owners_;
    std::uint32_t y_ = 0;
};

}  // namespace

std::unique_ptr<Task> make_cut(View file, std::vector<Rect> rects, CutParts &parts) {
    return std::make_unique<Cutter>(file, std::move(rects), parts);
}

std::unique_ptr<Task> make_tokens(View file, std::vector<Rect> rects) {
    return std::make_unique<Tokens>(file, std::move(rects));
}

}  // namespace facecrypt::jpeg
