"""The logistic map: sequences, lanes, vetting, the sealing stream."""

from facecrypt.chaos.keystreams import (
    LogisticKey,
    check_key,
    logistic_lanes,
    logistic_sequence,
    seal_stream_xor,
    sealing_lanes,
    xor_lanes,
    xor_rows,
)

__all__ = [
    "LogisticKey",
    "check_key",
    "logistic_lanes",
    "logistic_sequence",
    "seal_stream_xor",
    "sealing_lanes",
    "xor_lanes",
    "xor_rows",
]
