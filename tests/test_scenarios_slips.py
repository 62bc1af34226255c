"""来文处理笺（政府）A4: the four filled slips of a township entered as its office would, and read back off the paper."""

import io
import re

import pytest
from pypdf import PdfReader

from tests.scenarios import FINE, House

PAPERS, ENTRIES = "incoming_documents", "circulation_entries"
GOOD = {"ours": True, "addressed": True, "formed": True, "consulted": True}
#: The labels of the slip in their order; what stands between two of them belongs to the first.
LABELS = ("来文单位", "收到日期", "来文号", "份数", "收文号", "办理期限", "内容摘要", "此件共", "拟办意见：", "领导批示：",
          "办理结果：", "传阅签名")  # fmt: skip

#: sender, received, number as typed, number as kept, summary, proposal, day of the proposal
ONE = ("独府办", "2011-09-13", "独府办发[2011]139号", "独府办发〔2011〕139号",
       "关于印发独山县进一步加强“地沟油”和餐厨废弃油脂监管整治工作实施方案的通知",
       "拟请乡属各相关部门按照文件要求，认真贯彻执行。拟转周乡长阅办，呈请韦书记阅示", "2011-09-13")  # fmt: skip
TWO = ("独山县政府办", "2011-09-07", "独府办发（2011）138号", "独府办发〔2011〕138号",
       "关于将县属财政管理国有资产划归县国有资本运营有限责任公司管理的通知",
       "根据上级通知，拟将乡属各有关单位、各村组、村党支部积极配合国有资本运营公司。拟呈韦书记阅示。", "2011-09-05")  # fmt: skip
THREE = ("县作风建设领导小组办公室", "2011-08-29", "", "", "关于做好迎接州省、州督查工作准备的通知", "拟呈党政班子领导传阅",
         "2011-08-29")  # fmt: skip
FOUR = ("黔南府办", "2011-09-13", "黔南府办发电【2011】202", "黔南府办发电〔2011〕202号",
        "关于切实做好旱灾受灾农户灾情核查和冬春期间需口粮救助情况调查工作的通知",
        "拟请乡属各相关部门认真执行省委文件精神，各村组积极配合。拟呈蒙乡长阅示", "2011-09-13")  # fmt: skip


@pytest.fixture
def town(app, clock):
    """The township's office: its leaders sign on paper, and its forms bear its name."""
    house = House(app)
    for name, position in (("周乡长", "乡长"), ("韦书记", "书记"), ("蒙乡长", "副乡长")):
        house.hire(name, "办公室", position)
    house.know("独山县政府办", "翁台乡财政所")
    house.add("office", "rules", setting="office_name", profile="government", value="翁台水族乡党政办公室",
              source="来文处理笺", valid_from="2026-01-01")  # fmt: skip
    return house


def chinese(day):
    year, month, of_month = (int(part) for part in day.split("-"))
    return f"{year}年{month}月{of_month}日"


def enter(town, slip, **values):
    """The register line of a slip without its envelope, which the clerk has to confirm."""
    sender, received, typed, _kept, summary, _proposal, proposed_on = slip
    raw = {"sender": sender, "sender_no": typed or None, "title": summary, "received_at": received, "register": "ZW",
           "medium": "paper", "copies": 1, "proposal_on": proposed_on}  # fmt: skip
    code, words = town.not_added("clerk", PAPERS, **raw, **{**values, "date_note": None})
    assert code == 409 and "outer register" in words
    return town.add("clerk", PAPERS, **raw, **values, confirmed=True)


def printed(client, pk, form="incoming_slip"):
    answer = client("clerk").get(f"/print/{form}/{PAPERS}/{pk}.pdf")
    assert answer.status_code == 200, answer.text
    pages = PdfReader(io.BytesIO(answer.data)).pages
    assert len(pages) == 1
    return re.sub(r"\s+", "", pages[0].extract_text())


def boxes(text):
    """What stands in each box of the slip, by its label; the labels come in the order of the paper slip."""
    places = [text.find(label) for label in LABELS]
    assert -1 not in places and places == sorted(places), dict(zip(LABELS, places, strict=True))
    ends = [*places[1:], len(text)]
    return {
        label: text[place + len(label) : end] for label, place, end in zip(LABELS, places, ends, strict=True)
    }  # fmt: skip


def squeezed(words):
    return re.sub(r"\s+", "", words)


def reviewed(town, slip, pk, **leaders):
    assert town.refused("office", PAPERS, pk, "propose", proposal=slip[5])[0] == 409  # 初审 comes first
    town.take("clerk", PAPERS, pk, "screen", **GOOD)
    town.take("clerk", PAPERS, pk, "propose", proposal=slip[5], **leaders)


def test_slip_one_two_leaders_with_different_verbs_and_a_list_of_units(town, client):
    pk = enter(town, ONE)["id"]
    reviewed(town, ONE, pk, handlers=["周乡长"], leaders=["韦书记"])
    town.take(
        "clerk", PAPERS, pk, "transcribe", leader="周乡长", words="请综合科牵头办理。", signed_at="2011-09-14 09:00"
    )
    town.take(
        "clerk", PAPERS, pk, "transcribe", leader="韦书记", words="同意，抓好落实。", signed_at="2011-09-15 10:00"
    )
    code, words = town.refused("office", PAPERS, pk, "instruct", department="乡属各相关部门", requirement="贯彻执行")
    assert code == 422 and "乡属各相关部门" in words  # a vague group is no unit
    town.take("office", PAPERS, pk, "instruct", department="综合科", others=["财务科", "客服部"],
              requirement="贯彻执行", handler="张小明")  # fmt: skip
    units = [one["department"]["text"] for one in town.find("clerk", "assignments", document=pk)]
    assert units == ["综合科", "财务科", "客服部"]
    for assignment in town.find("clerk", "assignments", document=pk)[1:]:
        town.take("office", "assignments", assignment["id"], "overrule", reason="无意见")
    town.take("user_a", PAPERS, pk, "report_result", result="已检查餐厨单位十二家，整治完毕。")
    box = boxes(printed(client, pk))
    assert box["来文单位"] == "独山县人民政府办公室"  # what the office calls 独府办 in full
    assert (box["收到日期"], box["来文号"], box["份数"]) == (chinese(ONE[1]), ONE[3], "1")
    assert (box["收文号"], box["内容摘要"]) == ("政收〔2026〕1号", ONE[4])
    assert box["此件共"].startswith("1份，已分送：综合科")
    assert box["拟办意见："] == ONE[5] + "办公室" + chinese(ONE[6])
    assert box["领导批示："] == squeezed(
        "阅办 请综合科牵头办理。 周乡长（何静代录）2011年9月14日 阅示 同意，抓好落实。 韦书记（何静代录）2011年9月15日"
    )
    assert box["办理结果："].startswith("已检查餐厨单位十二家，整治完毕。张小明")
    assert "翁台水族乡党政办公室来文处理笺" in printed(client, pk)


def test_slip_two_dated_before_its_receipt_is_asked_about_and_bears_a_yellow_mark(town, client):
    raw = {"sender": TWO[0], "sender_no": TWO[2], "title": TWO[4], "received_at": TWO[1], "register": "ZW",
           "medium": "paper", "proposal_on": TWO[6]}  # fmt: skip
    code, words = town.not_added("clerk", PAPERS, **raw)
    assert code == 409 and "date_note" in words and "2011-09-05" in words and "2011-09-07" in words
    found = town.add("clerk", PAPERS, **raw, date_note="先按电话通知拟办，文件后到", confirmed=True)
    assert found["sender_no"] == TWO[3]
    page = client("clerk").get(f"/incomingdocumentview/show/{found['id']}").text
    assert "2011-09-05" in page and "先按电话通知拟办，文件后到" in page
    reviewed(town, TWO, found["id"], leaders=["韦书记"])
    town.take("clerk", PAPERS, found["id"], "transcribe", leader="韦书记", words="照办。", signed_at="2011-09-08")
    box = boxes(printed(client, found["id"]))
    assert box["来文单位"] == TWO[0]
    assert box["拟办意见："] == TWO[5] + "办公室" + "2011年9月5日"  # as the slip has it, not the day it was typed
    assert box["领导批示："] == squeezed("阅示 照办。 韦书记（何静代录）2011年9月8日")


def test_slip_three_without_a_number_one_copy_goes_round_the_whole_leadership(town, client):
    pk = enter(town, THREE)["id"]
    reviewed(town, THREE, pk, kind="read")
    readers = ["蒙乡长", "周乡长", "韦书记"]
    code, words = town.refused("clerk", PAPERS, pk, "instruct_reading", readers=readers, purpose="传阅")
    assert code == 409 and "head of the office" in words  # 确定范围后分送: the scope is approved by somebody
    town.take("office", PAPERS, pk, "instruct_reading", readers=readers, purpose="传阅")
    line = sorted(town.find("clerk", ENTRIES, document=pk), key=lambda one: one["position"])
    # leaders first: both principals before the leader in charge, though there is one copy only
    assert sorted(one["reader"]["text"] for one in line[:2]) == ["周乡长", "韦书记"]
    assert line[2]["reader"]["text"] == "蒙乡长"
    for entry in line:
        town.take("clerk", ENTRIES, entry["id"], "offer", signed=True)
        town.take("clerk", ENTRIES, entry["id"], "transcribe")
        (copy,) = town.find("clerk", "paper_copies", document=pk)
        town.take("clerk", "paper_copies", copy["id"], "take_back", complete=True)
    assert town.take("clerk", PAPERS, pk, "close")["state"] == "closed"
    box = boxes(printed(client, pk))
    assert (box["来文号"], box["份数"], box["收到日期"]) == ("", "1", chinese(THREE[1]))
    assert all(name in box["传阅签名"] for name in readers)
    assert box["内容摘要"] == THREE[4]


def test_slip_four_a_telegram_of_another_series_of_the_same_organ(town, client):
    first, telegram = enter(town, ONE), enter(town, FOUR)
    assert (first["receipt_no"], telegram["receipt_no"]) == ("政收〔2026〕1号", "政收〔2026〕2号")
    assert telegram["sender_no"] == FOUR[3]
    reviewed(town, FOUR, telegram["id"], leaders=["蒙乡长"])
    town.take("clerk", PAPERS, telegram["id"], "pass_over", leader="蒙乡长", reason="下村")
    # 转有关部门办理: the government's office hands out without a leader
    handed = town.take("office", PAPERS, telegram["id"], "instruct", department="综合科", requirement="核查灾情")
    assert handed["state"] == "in_handling"
    box = boxes(printed(client, telegram["id"]))
    assert (box["来文号"], box["内容摘要"]) == (FOUR[3], FOUR[4])
    assert box["拟办意见："] == FOUR[5] + "办公室" + chinese(FOUR[6])


def test_the_paper_that_failed_the_review_goes_back_with_the_reason(town):
    pk = enter(town, THREE)["id"]
    for question in GOOD:
        assert town.refused("clerk", PAPERS, pk, "screen", **{**GOOD, question: False})[0] == 409
    assert town.refused("office", PAPERS, pk, "return_to_sender")[0] == 422
    assert town.refused("clerk", PAPERS, pk, "return_to_sender", reason="非本机关办理")[0] == 403
    back = town.take("office", PAPERS, pk, "return_to_sender", reason="非本机关办理", way="交换站")
    assert back["state"] == "returned_to_sender" and back["closed_at"]


@pytest.mark.parametrize("written", ["9月13日", "13/9", "2011年13月9日"])
def test_a_day_without_its_year_is_never_guessed(town, written):
    code, words = town.not_added("clerk", PAPERS, sender="独府办", title="无年份", register="ZW", received_at=written)
    assert code == 422 and "received_at" in words


def test_the_slip_of_a_paper_out_of_its_envelope_says_what_the_envelope_said(town, client):
    line = {"title": ONE[4], "sender_no": ONE[2], "copies_noted": 1, "copies_found": 1, "bound": True,
            "pages_complete": True, "formalities": True}  # fmt: skip
    cover = town.add("clerk", "envelopes", sender="独山县政府办", channel="exchange", register="ZW", pieces=1,
                     presented_at="2011-09-13 09:30", envelope_lines=[line])["id"]  # fmt: skip
    town.take("clerk", "envelopes", cover, "sign_for", **FINE, stamped=True, at="2011-09-13 10:00")
    town.take("clerk", "envelopes", cover, "unseal")
    town.take("clerk", "envelopes", cover, "register_paper")
    (found,) = town.find("clerk", PAPERS)
    assert (found["medium"], found["received_at"][:10]) == ("paper", "2011-09-13")
    box = boxes(printed(client, found["id"]))
    assert (box["来文单位"], box["收到日期"], box["来文号"]) == ("独山县政府办", chinese(ONE[1]), ONE[3])
