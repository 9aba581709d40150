// Whole scans, row by row.
#pragma once

#include "clean.h"
#include "coefficients.h"
#include "progressive.h"
#include "recipe.h"
#include "sinks.h"

namespace facecrypt::jpeg {

class ScanDecoder {
public:
    // `coded`: the bytes of the scan in the file; frame and scan have to outlive this.
    ScanDecoder(const Frame &frame, const Scan &scan, View coded);

    // Decodes the next row of the scan into row y of `planes`: of cells, or of blocks where the
    // scan is not interleaved.
    void row(const Planes &planes, std::size_t y);
    // The same of a sequential scan of all components, for a row of cells.
    void row(PackedRow &to);
    // After the last row.
    Recipe finish();

private:
    template <class Decode> void walk(const Planes &planes, std::size_t y, Decode &&decode);
    void sequential_row(const Planes &planes, std::size_t y);
    void start_interval();
    void end_interval();

    const Frame &frame_;
    const Scan &scan_;
    View coded_;
    Clean clean_;
    // Of each component of the scan; of AC coefficients one of the two.
    std::array<std::unique_ptr<DecodeTable>, 4> dc_, ac_;
    std::array<std::unique_ptr<AcTable>, 4> sequential_;
    ProgressiveDecoder progressive_;
    std::vector<CellBlock> blocks_;
    BitReader reader_;
    std::size_t interval_ = 0, intervals_;
    std::uint32_t left_ = 0, block_ = 0;
    std::array<int, 4> last_{};
    bool ones_ = true, zeros_ = true;
    Recipe recipe_;
};

template <class Sink> class ScanEncoder {
public:
    ScanEncoder(const Frame &frame, const Scan &scan, const Recipe &recipe, Sink &sink);

    void row(const Planes &planes, std::size_t y);
    // The same of a sequential scan of all components, for the next cells: those [x, end) of a row.
    void cells(const PackedRow &from, std::uint32_t x, std::uint32_t end);
    void finish();

private:
    void begin_unit();
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
    std::vector<CellBlock> blocks_;
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
