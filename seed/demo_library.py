"""The library of the demo office: a dozen standard answers in every state, and the questions nobody had an answer to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from app.engine import access
from app.engine import record as records
from models.articles import Article
from models.gaps import KnowledgeGap
from seed.demo_records import Stage, a_call
from seed.demo_states import Ways, meant, walk

PUBLISH: Ways = [("shift", "submit", {}), ("cs_manager", "publish", {"remark": "与现行办事指南核对一致"})]
REVISE = ("desk", "revise", {"reason": "办理地点有变"})
WRONG = {"reason": "收费标准已被取消，答复有误"}


@dataclass(frozen=True)
class Entry:
    """One article: how many days ago it was written, what it says, and its way."""

    days: int
    title: str
    question: str
    body: str
    unit: str
    ways: Ways
    public: bool = True


# fmt: off
ENTRIES = (
    Entry(200, "居住证办理所需材料", "暂住证怎么办、居住证要什么材料", "请带本人身份证、居住地住址证明（房产证、租赁合同或单位证明）和近期照片一张，到辖区派出所或政务服务大厅办理，材料齐全的当场受理，十五日内制证。", "a", PUBLISH),
    Entry(190, "夜间施工噪声的投诉", "晚上施工太吵、工地噪音扰民", "夜间二十二时至次日六时，除抢修、抢险和经批准的连续作业外，禁止产生噪声的建筑施工。请说明工地位置和时段，我们转有关部门核查并答复您。", "a", PUBLISH),
    Entry(180, "门禁、照明等公共设施报修", "门禁坏了、路灯不亮、大厅设施损坏", "公共设施损坏请说明位置和现象，前台登记后派工程人员到场；影响安全的先行围挡。维修完成后我们会回访。", "service", PUBLISH),
    Entry(170, "意见建议如何反映", "提建议、表扬、意见箱", "意见和建议可通过电话、来访、来信或网上留言提出，登记后转有关部门研究，留下联系方式的，处理结果会告知您。", "service", PUBLISH),
    Entry(160, "年度审计资料的提交时间", "审计材料什么时候交", "年度审计资料请于每年三月三十一日前交财务科，一式两份并附电子版；逾期的请书面说明原因。", "b", PUBLISH),
    Entry(150, "办公楼开放时间", "几点开门、周末上班吗、中午休息吗", "工作日上午九时至十二时、下午十三时三十分至十八时对外办公；周末和法定节假日不对外办公，值班电话全天有人接听。", "office", PUBLISH),
    Entry(140, "服务窗口办事流程", "办事流程、怎么取号、到哪个窗口", "进门取号，在对应窗口等候叫号；材料齐全的当场办理，需要审核的发受理回执，凭回执查询进度。", "service", PUBLISH),
    Entry(390, "停水停电信息查询", "停水、停电、什么时候来水来电", "计划停水停电提前三天在公告栏和网站公布；临时停水停电请拨打供水、供电公司服务电话查询恢复时间。", "a", PUBLISH),
    Entry(120, "电梯困人怎么办", "被困电梯、电梯停运", "请保持镇静，按轿厢内紧急呼叫按钮，不要扒门；我们立即通知维保单位到场，并请您留下电话随时联系。", "service", [*PUBLISH, REVISE]),
    Entry(110, "停车位月租办理", "车位、月卡、停车费", "凭行驶证和身份证到前台登记，月租按公示价格缴纳，次月一日生效；停用请提前五天办理。", "service", [*PUBLISH, REVISE, ("desk", "submit", {})], False),
    Entry(300, "纸质介绍信的开具", "开介绍信", "凭单位申请到办公室开具。", "office", [*PUBLISH, ("cs_manager", "retire", {"reason": "已改为网上办理"})], False),
    Entry(100, "会议室借用收费", "借会议室多少钱", "每半天三百元，提前一天预约。", "office", [*PUBLISH, ("leader", "withdraw", WRONG)], False),
    Entry(6, "不动产登记代办点", "房产证代办", "代办点正在确定，请以公告为准。", "a", [], False),
    Entry(5, "老年优待证办理", "老年证、六十岁以上优待", "年满六十周岁的老人带身份证和照片到一楼三号窗口办理，当场取证。", "a", PUBLISH[:1]),
)
# fmt: on

#: what was asked, the unit that knows, what becomes of the card
GAPS: tuple[tuple[str, str | None, Ways], ...] = (
    ("临时摆摊需要办什么手续", "#a", []),
    ("已退休人员如何开具收入证明", None, [
        ("shift", "write", {"body": "带退休证到财务科开具。", "department": "#b"})]),
    ("窗口可以刷卡缴费吗", "#b", [("shift", "close_with", {"article": "《服务窗口办事流程》"})]),
    ("楼下餐馆的营业时间", None, [("shift", "drop", {"reason": "不是本单位的事项，转114"})]),
)  # fmt: skip


def furnish(stage: Stage) -> None:
    """Write the library before the first call comes in."""
    for entry in ENTRIES:
        moment = stage.today - timedelta(days=entry.days)
        article = Article(
            title=entry.title, question=entry.question, body=entry.body, department=meant(stage, f"#{entry.unit}"),
            audience="public" if entry.public else "internal",
        )  # fmt: skip
        with stage.at(moment), access.acting_as(stage.actors["shift"]), stage.session.no_autoflush:
            article.prepare(stage.session)
            records.store(stage.session, article)
        walk(stage, article, moment, entry.ways)
    for article in stage.session.scalars(select(Article).where(Article.stale())).all():
        article.take("fall_due", stage.session)


def play(stage: Stage) -> None:
    """What the library could not answer, and what came of it."""
    moment = stage.today - timedelta(days=3)
    for position, (question, unit, ways) in enumerate(GAPS):
        ticket = a_call(stage, moment, "consult", "咨询办事要求", f"0851-60{position:04d}")
        asked = {"question": question, "department": unit} if unit else {"question": question}
        walk(stage, ticket, moment, [("desk", "note_gap", asked)])
        gap = stage.session.scalars(select(KnowledgeGap).where(KnowledgeGap.ticket_id == ticket.id)).one()
        walk(stage, gap, moment + timedelta(hours=6), ways)
