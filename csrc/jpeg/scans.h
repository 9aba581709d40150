// Whole scans, row by row.
#pragma once

#include "clean.h"
#include "coefficients.h"
#include "progressive.h"
#include "recipe.h"
#include "sinks.h"

namespace facecrypt::jpeg {

// Where the bits of each unit of a row lie, in bytes without stuffing.
struct CodedRow {
    const std::uint8_t *bytes = nullptr;
    std::vector<std::uint64_t> starts, ends;
    bool plain = true;  // no codes of 16 zeros before the end of a block
    // What the blocks were coded as, if that is remembered; after the last follows symbol::dc.
    std::vector<std::uint32_t> symbols;
    std::ptrdiff_t used = 0;  // of them
};

// Whether the units of one scan may be written as those of another, with its tables.
bool can_translate(const Frame &frame, const Scan &from, const Scan &to);

// Whether the units of one scan may be copied into another: the same order, intervals and tables.
bool can_copy(const Frame &frame, const Scan &from, const Scan &to);

class ScanDecoder {
public:
    // `coded`: the bytes of the scan in the file; frame and scan have to outlive this. `remember`:
    // what blocks of sequential scans were coded as.
    ScanDecoder(const Frame &frame, const Scan &scan, View coded, bool remember = false);

    // Decodes the next row of the scan into row y of `planes`: of cells, or of blocks where the
    // scan is not interleaved.
    void row(const Planes &planes, std::size_t y);
    // Of the row last decoded.
    const CodedRow &coded() const noexcept { return coded_row_; }
    // After the last row.
    Recipe finish();

private:
    template <class Decode> void walk(const Planes &planes, std::size_t y, Decode &&decode);
    void row_of_symbols(const Planes &planes, std::size_t y);
    void start_interval();
    void end_interval();

    const Frame &frame_;
    const Scan &scan_;
    View coded_;
    Clean clean_;
    std::array<std::unique_ptr<DecodeTable>, 4> dc_, ac_;  // of each component of the scan
    ProgressiveDecoder progressive_;
    BitReader reader_;
    std::size_t interval_ = 0, intervals_;
    std::uint32_t left_ = 0, block_ = 0;
    std::array<int, 4> last_{};
    bool remember_, ones_ = true, zeros_ = true;
    Recipe recipe_;
    CodedRow coded_row_;
};

template <class Sink> class ScanEncoder {
public:
    ScanEncoder(const Frame &frame, const Scan &scan, const Recipe &recipe, Sink &sink);

    void row(const Planes &planes, std::size_t y);
    // The same where can_copy(): the bits of those units are copied that have not changed.
    void row(const Planes &planes, std::size_t y, const CodedRow &coded,
             const std::vector<std::uint8_t> &changed);
    // The same where can_translate(): those units are written from their symbols.
    void translate(const Planes &planes, std::size_t y, const CodedRow &coded,
                   const std::vector<std::uint8_t> &changed);
    void finish();

private:
    void begin_unit();
    void encode_unit(const Planes &planes, std::size_t x, std::size_t y);
    void copy_units(const Planes &planes, std::size_t from, std::size_t to, std::size_t y,
                    const CodedRow &coded);
    template <class Encode> void walk(const Planes &planes, std::size_t y, Encode &&encode);
    std::uint32_t zeros_before_end();
    void end_interval();

    const Frame &frame_;
    const Scan &scan_;
    const Recipe &recipe_;
    Sink &sink_;
    ProgressiveEncoder<Sink> progressive_;
    std::size_t interval_ = 0, next_zeros_ = 0;
    std::uint32_t left_, block_ = 0;
    std::array<int, 4> last_{};
    bool after_changed_ = false;  // so that the next DC differences are not those of the original
};

// All scans of a JPEG into coefficients that are zero; returns how they were written.
std::vector<Recipe> decode_scans(View file, const Layout &layout, const Planes &planes);

// One scan from all coefficients; may be of another JPEG of the same frame.
template <class Sink>
void encode_scan(const Frame &frame, const Scan &scan, const Recipe &recipe, const Planes &planes,
                 Sink &sink);

// Throws Refused where a file is too short for as many blocks as it claims to have.
void check_size(View file, const Frame &frame);

}  // namespace facecrypt::jpeg
