// The segments of a JPEG: its frame, its scans, and where everything lies.
#pragma once

#include "bytes.h"
#include "huffman.h"

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace facecrypt::jpeg {

// Checked before anything of that size is allocated.
constexpr std::uint64_t max_pixels = 1 << 28;
constexpr std::size_t max_scans = 100, max_segments = 1 << 16;
// Of a MCU in a scan of several components: T.81 B.2.3.
constexpr int max_blocks_in_mcu = 10;

using Quantisers = std::array<std::uint16_t, 64>;  // zigzag order

struct Component {
    int id, h, v, quantisers;
    std::uint32_t across, down;  // blocks, of whole cells
    std::uint32_t wide, high;    // blocks that hold pixels
};

struct Frame {
    int marker = 0;  // of SOF
    int precision = 0;
    std::uint32_t width = 0, height = 0;
    std::vector<Component> components;
    int hmax = 1, vmax = 1;
    std::uint32_t across = 0, down = 0;  // cells
    std::array<Quantisers, 4> quantisers{};

    bool progressive() const noexcept { return marker == 0xC2; }
    std::uint64_t blocks() const noexcept;
};

struct Scan {
    std::vector<std::size_t> components;  // by their place in the frame
    std::array<int, 4> dc{}, ac{};        // tables, of each component of the scan
    int first = 0, last = 63, high = 0, low = 0;
    std::uint32_t restart = 0;
    std::array<std::shared_ptr<const Spec>, 4> dc_tables, ac_tables;  // by number
    std::size_t begin = 0, end = 0;                                   // the entropy-coded bytes

    // A scan of one component has its blocks in rows; others go cell by cell.
    bool interleaved() const noexcept { return components.size() > 1; }
    bool wants_dc(const Frame &frame) const noexcept {
        return !frame.progressive() || (first == 0 && high == 0);
    }
    bool wants_ac(const Frame &frame) const noexcept { return !frame.progressive() || first > 0; }
};

struct Segment {
    int marker;
    std::size_t offset, size;
};

struct Layout {
    Frame frame;
    std::vector<Scan> scans;
    std::vector<Segment> segments;  // APPn and COM
    std::size_t end = 0;            // after EOI
    bool all_standard = true;       // every DHT is the table of Annex K of that number
};

// `bare`: without entropy-coded bytes. Throws Refused.
Layout read_layout(View file, bool bare);

// The JPEG up to its end without entropy-coded bytes: what read_layout takes as `bare`.
Bytes bare_copy(View file, const Layout &layout);

}  // namespace facecrypt::jpeg
