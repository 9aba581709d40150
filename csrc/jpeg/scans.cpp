#include "scans.h"

namespace facecrypt::jpeg {
namespace {

std::size_t intervals_of(const Frame &frame, const Scan &scan) noexcept {
    const std::uint64_t units = std::uint64_t{units_across(frame, scan)} * units_down(frame, scan);
    return static_cast<std::size_t>(scan.restart ? (units + scan.restart - 1) / scan.restart : 1);
}

bool same_table(const std::shared_ptr<const Spec> &a, const std::shared_ptr<const Spec> &b) {
    return a && b && *a == *b && a->has_symbols_once();
}

}  // namespace

bool can_translate(const Frame &frame, const Scan &from, const Scan &to) {
    if (frame.progressive() || from.components != to.components) return false;
    const Component &one = frame.components[from.components[0]];
    return from.interleaved() || (one.h == 1 && one.v == 1);  // else units are not cells
}

bool can_copy(const Frame &frame, const Scan &from, const Scan &to) {
    if (!can_translate(frame, from, to) || from.restart != to.restart) return false;
    for (std::size_t k = 0; k < from.components.size(); ++k) {
        const auto table = [k](const std::array<std::shared_ptr<const Spec>, 4> &tables,
                               const std::array<int, 4> &chosen) {
            return tables[static_cast<std::size_t>(chosen[k])];
        };
        if (!same_table(table(from.dc_tables, from.dc), table(to.dc_tables, to.dc)) ||
            !same_table(table(from.ac_tables, from.ac), table(to.ac_tables, to.ac)))
            return false;
    }
    return true;
}

ScanDecoder::ScanDecoder(const Frame &frame, const Scan &scan, View coded, bool remember)
    : frame_(frame), scan_(scan), coded_(coded), clean_(coded), progressive_(scan),
      intervals_(intervals_of(frame, scan)), remember_(remember) {
    if (clean_.intervals() < intervals_) throw Refused("a restart marker is missing");
    if (clean_.in_order() < intervals_) throw Refused("restart markers are out of order");
    for (std::size_t k = 0; k < scan.components.size(); ++k) {
        if (scan.wants_dc(frame))
            dc_[k] = std::make_unique<DecodeTable>(
                *scan.dc_tables[static_cast<std::size_t>(scan.dc[k])]);
        if (scan.wants_ac(frame))
            ac_[k] = std::make_unique<DecodeTable>(
                *scan.ac_tables[static_cast<std::size_t>(scan.ac[k])]);
    }
    coded_row_.bytes = clean_.begin(0);
    coded_row_.starts.resize(units_across(frame, scan));
    coded_row_.ends.resize(units_across(frame, scan));
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
        coded_row_.starts[x] = reader.position(coded_row_.bytes);
        visit_unit(frame_, scan_, planes, x, y,
                   [&](std::size_t k, std::int16_t *block) FACECRYPT_ALWAYS {
                       decode(reader, k, block);
                       reader.check();
                   });
        coded_row_.ends[x] = reader.position(coded_row_.bytes);
    }
    reader_ = reader;
}

void ScanDecoder::row_of_symbols(const Planes &planes, std::size_t y) {
    std::size_t blocks = 0;
    for (const std::size_t c : scan_.components)
        blocks += static_cast<std::size_t>(frame_.components[c].h * frame_.components[c].v);
    CodedRow &row = coded_row_;
    row.symbols.resize(row.starts.size() * blocks * symbol::most + 1);
    Remember remember{row.symbols.data()};
    walk(planes, y,
         [&, this](BitReader &reader, std::size_t k, std::int16_t *block) FACECRYPT_ALWAYS {
             const int zeros = decode_block(reader, *dc_[k], *ac_[k], last_[k], block, remember);
             if (zeros != 0)
                 recipe_.zeros_before_end.push_back({block_, static_cast<std::uint32_t>(zeros)});
             ++block_;
         });
    *remember.at++ = symbol::dc;
    row.used = remember.at - row.symbols.data();
}

void ScanDecoder::row(const Planes &planes, std::size_t y) {
    if (!frame_.progressive()) {
        const std::size_t unusual = recipe_.zeros_before_end.size();
        if (remember_)
            row_of_symbols(planes, y);
        else
            walk(planes, y,
                 [this](BitReader &reader, std::size_t k, std::int16_t *block) FACECRYPT_ALWAYS {
                     Forget forget;
                     const int zeros = decode_block(reader, *dc_[k], *ac_[k], last_[k], block,
                                                    forget);
                     if (zeros != 0)
                         recipe_.zeros_before_end.push_back(
                             {block_, static_cast<std::uint32_t>(zeros)});
                     ++block_;
                 });
        coded_row_.plain = recipe_.zeros_before_end.size() == unusual;
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
      left_(scan.restart) {}

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
    after_changed_ = false;
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
    after_changed_ = true;  // for all that is known
}

template <class Sink> void ScanEncoder<Sink>::row(const Planes &planes, std::size_t y) {
    if (!frame_.progressive()) {
        walk(planes, y, [this](std::size_t k, const std::int16_t *block) {
            encode_block(sink_, k, last_[k], block, zeros_before_end());
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
void ScanEncoder<Sink>::encode_unit(const Planes &planes, std::size_t x, std::size_t y) {
    visit_unit(frame_, scan_, planes, x, y, [&](std::size_t k, const std::int16_t *block) {
        sink_.ready();
        encode_block(sink_, k, last_[k], block, 0);
    });
}

template <class Sink>
void ScanEncoder<Sink>::copy_units(const Planes &planes, std::size_t from, std::size_t to,
                                   std::size_t y, const CodedRow &coded) {
    if (from == to) return;
    sink_.copy(coded.bytes, coded.starts[from], coded.ends[to - 1]);
    visit_unit(frame_, scan_, planes, to - 1, y,
               [&](std::size_t k, const std::int16_t *block) { last_[k] = block[0]; });
}

template <class Sink>
void ScanEncoder<Sink>::row(const Planes &planes, std::size_t y, const CodedRow &coded,
                            const std::vector<std::uint8_t> &changed) {
    const std::uint32_t across = units_across(frame_, scan_);
    std::uint32_t from = 0;
    for (std::uint32_t x = 0; x < across; ++x) {
        if (scan_.restart != 0 && left_ == 0) {
            copy_units(planes, from, x, y, coded);
            from = x;
        }
        begin_unit();
        if (!changed[x] && !after_changed_) continue;
        copy_units(planes, from, x, y, coded);
        encode_unit(planes, x, y);
        from = x + 1;
        after_changed_ = changed[x];
    }
    copy_units(planes, from, across, y, coded);
}

template <class Sink>
void ScanEncoder<Sink>::translate(const Planes &planes, std::size_t y, const CodedRow &coded,
                                  const std::vector<std::uint8_t> &changed) {
    const std::uint32_t *at = coded.symbols.data();
    for (std::uint32_t x = 0; x < units_across(frame_, scan_); ++x) {
        begin_unit();
        visit_unit(frame_, scan_, planes, x, y, [&](std::size_t k, const std::int16_t *block) {
            sink_.ready();
            if (!changed[x]) {
                at = encode_symbols(sink_, k, last_[k], at);
                return;
            }
            encode_block(sink_, k, last_[k], block, 0);
            while (!(*++at & symbol::dc)) continue;
        });
    }
    after_changed_ = true;
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
template void ScanEncoder<Counter>::translate(const Planes &, std::size_t, const CodedRow &,
                                              const std::vector<std::uint8_t> &);
template void ScanEncoder<Counter>::finish();
template void encode_scan(const Frame &, const Scan &, const Recipe &, const Planes &, Counter &);
template void encode_scan(const Frame &, const Scan &, const Recipe &, const Planes &,
                          Writer<true> &);

}  // namespace facecrypt::jpeg
