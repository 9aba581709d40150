// Why something was not done. Thrown inside csrc/jpeg only; jpeg.h turns them into messages.
#pragma once

#include <stdexcept>

namespace facecrypt::jpeg {

// The JPEG is damaged, or one that this codec does not take.
struct Refused : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// What was cut out of a JPEG is malformed, or not of this JPEG.
struct Damaged : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// The tables have no code for a symbol that is wanted.
struct MissingSymbol : std::runtime_error {
    MissingSymbol() : std::runtime_error("a Huffman table lacks a symbol") {}
};

}  // namespace facecrypt::jpeg
