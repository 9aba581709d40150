#include "scans.h"

namespace facecrypt::jpeg {
namespace {

std::size_t intervals_of(const Frame &frame, const Scan &scan) noexcept {
    const std::uint64_t units = std::uint64_t{units_across(frame, scan)} * units_down(frame, scan);
    return static_cast<std::size_t>(scan.restart ? (units + scan.restart - 1) / scan.restart : 1);
}

}  // namespace

ScanDecoder::ScanDecoder(const Frame &frame, const Scan &scan, View coded)
    : frame_(frame), scan_(scan), coded_(coded), clean_(coded), progressive_(scan),
      blocks_(blocks_of_cell(frame, scan.components)), intervals_(intervals_of(frame, scan)) {
    if (clean_.intervals() < intervals_) throw Refused("a restart marker is missing");
    if (clean_.in_order() < intervals_) throw Refused("restart markers are out of order");
    for (std::size_t k = 0; k < scan.components.size(); ++k) {
        if (scan.wants_dc(frame))
            dc_[k] = std::make_unique<DecodeTable>(
                *scan.dc_tables[static_cast<std::size_t>(scan.dc[k])]);
        const auto &ac = scan.ac_tables[static_cast<std::size_t>(scan.ac[k])];
        if (!frame.progressive())
            sequential_[k] = std::make_unique<AcTable>(*ac);
        else if (scan.wants_ac(frame))
            ac_[k] = std::make_unique<DecodeTable>(*ac);
    }
    start_interval();
}

void ScanDecoder::start_interval() {
    reader_ = BitReader(clean_.begin(interval_), clean_.end(interval_));
    left_ = scan_.restart;
    last_.fill(0);
    progressive_.start_interval();
}

void ScanDecoder::end_interval() {
    reader_.check();
    progressive_.end_interval();
    const std::uint8_t *const from = clean_.begin(interval_);
    const auto bits = static_cast<std::uint64_t>(clean_.end(interval_) - from) * 8;
    const std::uint64_t position = reader_.position(from);
    if (position > bits) throw Refused("a scan is cut short");
    const int n = static_cast<int>(bits - position) & 7;
    const std::uint32_t padding = reader_.take(n);
    ones_ &= padding == (1u << n) - 1;
    zeros_ &= padding == 0;
    recipe_.paddings.push_back(static_cast<std::uint8_t>(padding));
    const auto used = static_cast<std::size_t>((position + 7) / 8);
    ++interval_;
    if (interval_ != intervals_) {
        if (used != bits / 8) throw Refused("junk before a restart marker");
        return;
    }
    const std::size_t coded = coded_size(coded_, interval_ - 1, used);
    recipe_.tail.assign(coded_.at + coded, coded_.at + coded_.size);
}

template <class Decode>
void ScanDecoder::walk(const Planes &planes, std::size_t y, Decode &&decode) {
    // A copy whose address nobody has stays in registers.
    BitReader reader = reader_;
    const std::uint32_t across = units_across(frame_, scan_);
    for (std::uint32_t x = 0; x < across; ++x) {
        if (scan_.restart != 0 && left_-- == 0) {
            reader_ = reader;
            end_interval();
            start_interval();
            --left_;
            reader = reader_;
        }
        visit_unit(frame_, scan_, planes, x, y,
                   [&](std::size_t k, std::int16_t *block) FACECRYPT_ALWAYS {
                       decode(reader, k, block);
                       reader.check();
                   });
    }
    reader_ = reader;
}

void ScanDecoder::row(PackedRow &to) {
    to.clear();
    BitReader reader = reader_;
    for (std::uint32_t x = 0; x < frame_.across; ++x) {
        if (scan_.restart != 0 && left_-- == 0) {
            reader_ = reader;
            end_interval();
            start_interval();
            --left_;
            reader = reader_;
        }
        to.begin_cell(x);
        for (const CellBlock &one : blocks_) {
            std::uint8_t *&at = to.streams[one.stream].to;
            unsigned zeros;
            at = decode_block(reader, *dc_[one.k], *sequential_[one.k], last_[one.k], at, zeros);
            if (zeros != 0) recipe_.zeros_before_end.push_back({block_, zeros});
            ++block_;
            reader.check();
        }
    }
    reader_ = reader;
}

void ScanDecoder::sequential_row(const Planes &planes, std::size_t y) {
    std::array<std::uint8_t, packed_block + packed_spare> packed;
    walk(planes, y,
         [&, this](BitReader &reader, std::size_t k, std::int16_t *block) FACECRYPT_ALWAYS {
             unsigned zeros;
             decode_block(reader, *dc_[k], *sequential_[k], last_[k], packed.data(), zeros);
             if (zeros != 0) recipe_.zeros_before_end.push_back({block_, zeros});
             ++block_;
             unpack_block(packed.data(), block);
         });
}

void ScanDecoder::row(const Planes &planes, std::size_t y) {
    if (!frame_.progressive()) {
        sequential_row(planes, y);
    } else if (scan_.first == 0 && scan_.high == 0) {
        walk(planes, y, [this](BitReader &reader, std::size_t k, std::int16_t *block) {
            last_[k] += reader.difference(*dc_[k]);
            const std::int64_t value = std::int64_t{last_[k]} * (1 << scan_.low);
            if (value < -max_dc || value > max_dc)
                throw Refused("a DC coefficient is out of range");
            block[0] = static_cast<std::int16_t>(value);
        });
    } else if (scan_.first == 0) {
        walk(planes, y, [this](BitReader &reader, std::size_t, std::int16_t *block) {
            if (reader.take(1)) block[0] = static_cast<std::int16_t>(block[0] | 1 << scan_.low);
        });
    } else if (scan_.high == 0) {
        walk(planes, y, [this](BitReader &reader, std::size_t, std::int16_t *block) {
            progressive_.first(reader, *ac_[0], block, block_++, recipe_);
        });
    } else {
        walk(planes, y, [this](BitReader &reader, std::size_t, std::int16_t *block) {
            progressive_.refine(reader, *ac_[0], block, block_++, recipe_);
        });
    }
}

Recipe ScanDecoder::finish() {
    end_interval();
    recipe_.runs = progressive_.runs();
    recipe_.padding = ones_ ? Recipe::ones : zeros_ ? Recipe::zeros : Recipe::each;
    return std::move(recipe_);
}

template <class Sink>
ScanEncoder<Sink>::ScanEncoder(const Frame &frame, const Scan &scan, const Recipe &recipe,
                               Sink &sink)
    : frame_(frame), scan_(scan), recipe_(recipe), sink_(sink), progressive_(scan, recipe, sink),
      left_(scan.restart), blocks_(blocks_of_cell(frame, scan.components)) {}

template <class Sink> void ScanEncoder<Sink>::end_interval() {
    progressive_.end_run();
    std::uint32_t padding = recipe_.padding == Recipe::ones ? 255 : 0;
    if (recipe_.padding == Recipe::each && interval_ < recipe_.paddings.size())
        padding = recipe_.paddings[interval_];
    sink_.end_interval(padding);
    ++interval_;
}

template <class Sink> std::uint32_t ScanEncoder<Sink>::zeros_before_end() {
    if (next_zeros_ == recipe_.zeros_before_end.size() ||
        recipe_.zeros_before_end[next_zeros_].block != block_)
        return 0;
    return recipe_.zeros_before_end[next_zeros_++].codes;
}

template <class Sink> void ScanEncoder<Sink>::begin_unit() {
    if (scan_.restart == 0 || left_-- != 0) return;
    end_interval();
    sink_.ready();
    sink_.restart(static_cast<unsigned>(interval_ - 1));
    left_ = scan_.restart - 1;
    last_.fill(0);
}

template <class Sink>
template <class Encode>
void ScanEncoder<Sink>::walk(const Planes &planes, std::size_t y, Encode &&encode) {
    const std::uint32_t across = units_across(frame_, scan_);
    for (std::uint32_t x = 0; x < across; ++x) {
        begin_unit();
        visit_unit(frame_, scan_, planes, x, y, [&](std::size_t k, const std::int16_t *block) {
            sink_.ready();
            encode(k, block);
            ++block_;
        });
    }
}

template <class Sink> void ScanEncoder<Sink>::row(const Planes &planes, std::size_t y) {
    if (!frame_.progressive()) {
        std::array<std::uint8_t, packed_block> packed;
        walk(planes, y, [&, this](std::size_t k, const std::int16_t *block) {
            pack_block(block, packed.data());
            auto out = sink_.open(k);
            encode_block(out, last_[k], packed.data(), zeros_before_end());
            sink_.close(out);
        });
    } else if (scan_.first == 0 && scan_.high == 0) {
        walk(planes, y, [this](std::size_t k, const std::int16_t *block) {
            const int value = block[0] >> scan_.low;
            const Sized one(value - last_[k]);
            last_[k] = value;
            auto out = sink_.open(k);
            out.dc(one.size, one.bits, one.size);
            sink_.close(out);
        });
    } else if (scan_.first == 0) {
        walk(planes, y, [this](std::size_t, const std::int16_t *block) {
            auto out = sink_.open(0);
            out.raw(static_cast<std::uint32_t>(block[0] >> scan_.low & 1), 1);
            sink_.close(out);
        });
    } else if (scan_.high == 0) {
        walk(planes, y, [this](std::size_t, const std::int16_t *block) {
            progressive_.first(block, block_, zeros_before_end());
        });
    } else {
        walk(planes, y, [this](std::size_t, const std::int16_t *block) {
            progressive_.refine(block, block_);
        });
    }
}

template <class Sink>
void ScanEncoder<Sink>::cells(const PackedRow &from, std::uint32_t x, std::uint32_t end) {
    auto out = sink_.open(0);
    std::array<int, 4> last = last_;
    for (; x < end; ++x) {
        if (scan_.restart != 0 && left_ == 0) {
            sink_.close(out);
            begin_unit();
            out = sink_.open(0);
            last = last_;
        } else {
            --left_;
        }
        const std::uint8_t *at = nullptr;
        for (const CellBlock &one : blocks_) {
            if (one.first) at = from.cell(one.stream, x);
            out.use(one.k);
            out.ready();
            at = encode_block(out, last[one.k], at, zeros_before_end());
            ++block_;
        }
    }
    sink_.close(out);
    last_ = last;
}

template <class Sink> void ScanEncoder<Sink>::finish() {
    end_interval();
    sink_.finish();
}

std::vector<Recipe> decode_scans(View file, const Layout &layout, const Planes &planes) {
    std::vector<Recipe> recipes;
    for (const Scan &scan : layout.scans) {
        ScanDecoder decoder(layout.frame, scan, file.part(scan.begin, scan.end));
        for (std::uint32_t y = 0; y < units_down(layout.frame, scan); ++y) decoder.row(planes, y);
        recipes.push_back(decoder.finish());
    }
    return recipes;
}

template <class Sink>
void encode_scan(const Frame &frame, const Scan &scan, const Recipe &recipe, const Planes &planes,
                 Sink &sink) {
    ScanEncoder<Sink> encoder(frame, scan, recipe, sink);
    for (std::uint32_t y = 0; y < units_down(frame, scan); ++y) encoder.row(planes, y);
    encoder.finish();
}

void check_size(View file, const Frame &frame) {
    // A block of pixels takes at least a bit in the scan of its DC coefficient.
    std::uint64_t blocks = 0;
    for (const Component &one : frame.components) blocks += std::uint64_t{one.wide} * one.high;
    if (blocks > 8 * std::uint64_t{file.size}) throw Refused("a scan is cut short");
}

template class ScanEncoder<Writer<true>>;
template ScanEncoder<Counter>::ScanEncoder(const Frame &, const Scan &, const Recipe &, Counter &);
template void ScanEncoder<Counter>::row(const Planes &, std::size_t);
template void ScanEncoder<Counter>::cells(const PackedRow &, std::uint32_t, std::uint32_t);
template void ScanEncoder<Counter>::finish();
template void encode_scan(const Frame &, const Scan &, const Recipe &, const Planes &, Counter &);
template void encode_scan(const Frame &, const Scan &, const Recipe &, const Planes &,
                          Writer<true> &);

}  // namespace facecrypt::jpeg
