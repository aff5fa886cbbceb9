"""Orders that come by the axis: the system that the axis knows speaks for its own agency, and for no other."""

from __future__ import annotations

import asyncio

import pytest

from congvan_core.ids import new_id
from congvan_gateway.dispatch.arriving import poll_axis
from congvan_gateway.dispatch.axis_client import AxisClient
from congvan_gateway.recall.effects import destroy
from support_axis import AxisSimulator
from support_recall import Pair, answers, business_packet, changes, entry_of, identifier, request_13, row_of
from support_station import A, B
from support_transports import judge_all

STRANGER = "H24.77"


async def by_axis(pair: Pair, packet: bytes, *, system: str = A.code, kind: str = "status", times: int = 1) -> None:
    async with AxisSimulator() as axis:
        axis.systems[STRANGER] = "mat-khau-khac"
        there = AxisClient(axis.url, system, axis.systems[system], seconds=5.0)
        here = AxisClient(axis.url, B.code, axis.systems[B.code], seconds=5.0)
        try:
            for _ in range(times):
                await there.send(new_id(), kind, system, B.code, packet)
                assert await poll_axis(pair.b, "truc", here) == 1
                await asyncio.to_thread(judge_all, pair.b)
        finally:
            await there.close()
            await here.close()


async def test_taken_back_by_the_axis(pair: Pair) -> None:
    await by_axis(pair, request_13(identifier(pair.a, pair.document)), times=2)
    assert row_of(pair.b, pair.received).state == "recalled" and destroy(pair.b) == 1
    assert entry_of(pair.b, pair.received).remark.startswith("Đã lấy lại theo")
    assert answers(pair.b) == ["receipt_15"], "once asked or twice: one answer"


async def test_recalled_by_a_vendors_packet(pair: Pair) -> None:
    known = identifier(pair.a, pair.document)
    await by_axis(pair, business_packet(known, 1), kind="edoc", times=2)
    assert row_of(pair.b, pair.received).state == "recalled" and answers(pair.b) == ["receipt_15"]


@pytest.mark.parametrize("kind", [13, 1])
async def test_another_system_cannot_speak_for_the_author(pair: Pair, kind: int) -> None:
    known = identifier(pair.a, pair.document)
    forged = request_13(known) if kind == 13 else business_packet(known, kind)
    await by_axis(pair, forged, system=STRANGER, kind="status" if kind == 13 else "edoc")
    assert row_of(pair.b, pair.received).state == "registered" and answers(pair.b) == []
    assert {state for _, state in changes(pair.b)} <= {"void"}


async def test_forged_by_the_axis_then_genuine_by_the_axis(pair: Pair) -> None:
    packet = request_13(identifier(pair.a, pair.document))
    await by_axis(pair, packet, system=STRANGER)
    await by_axis(pair, packet)
    assert row_of(pair.b, pair.received).state == "recalled" and answers(pair.b) == ["receipt_15"]
