"""What the desk finds on its first day: numbers to refer callers to, the script cards, and the rules of conduct.

The facts of the cards are those of the texts named with them; the wording is written afresh.
"""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.conduct import ConductItem
from models.referrals import Referral
from models.scripts import ScriptCard

_P1, _P2 = "物业服务中心来电来访控制工作程序", "客户来电、来访、来函处理作业规定"
_R1 = "来访来电客户接待接听标准流程;行为规范要求及说辞（客服代表）"
_R2 = "来访来电客户接待接听标准流程及说辞（招商代表）"
_R = "来访来电客户接待接听标准流程及说辞（客服代表、招商代表两版）"

# fmt: off
#: number, name, matters, emergency, source; no source: our own. The last one stands first in the list.
REFERRALS: list[tuple[str, str, str, bool, str | None]] = [
    ("114", "电话号码查询", "社会综合信息：单位电话、商户、出行等非本单位事项", False, "来电信息处理规则 一、咨询类 3: 社会综合信息类的咨询可以转接114或直接告知群众拨打114"),
    ("122", "交通事故报警", "道路交通事故", True, None),
    ("120", "医疗急救", "急病、受伤、中毒", True, None),
    ("119", "火警", "火灾、抢险救援", True, None),
    ("110", "公安报警", "正在发生的违法犯罪、人身危险", True, None),
]

#: number, scene, edition, what to do, wording, never say, source
SCRIPTS: list[tuple[str, str, str, str, str | None, str | None, str]] = [
    ("01", "pick_up", "both", "铃响三声之内接起，一般在第二、三声之间。报单位名称和工号，并表示愿意服务。",
     "您好，这里是{company}，工号{staff_no}，很高兴为您服务！", None, f"{_P1} 4.2.1.1；{_P2} 3.1.1"),
    ("02", "cannot_answer", "both", "请客户稍等，马上问身边同事；仍无答案时记下电话，约定回复时间。语气温和，让客户感到事情受重视。",
     "这个问题我需要核实一下，请您稍等。……让您久等了，我还要再确认，方便留个电话吗？我在今天下班前给您回电。", None, f"{_P2} 3.1.2"),
    ("03", "absent_colleague", "both", "请来电人稍等并通知同事；同事不在时记下来电人姓名、号码和事由，转告同事回电。",
     "请稍等，我帮您找一下。……他暂时不在座位上，请留下您的姓名和电话，我请他尽快回复您。", None, f"{_P2} 3.1.3"),
    ("04", "phone_and_visitor", "both", "接电话时有客户到场（或接待时来电话），礼貌说明，记下一方的姓名或号码，办完手上的事立即联系。",
     "对不起，我这里正在接待一位客户，请留下您的姓名和电话，稍后我马上给您打过去。", None, f"{_P2} 3.1.4"),
    ("05", "ending", "both", "等客户先挂断，再轻轻放下听筒。", "感谢您的来电，再见。", None, f"{_P2} 3.1.2"),
    ("06", "record", "both", "边听边记入电话接待记录本，当即分类；注意语音、语调，不急躁。",
     "您说的我记下来了，请继续。", None, f"{_P2} 3.1.4"),
    ("07", "entering", "both", "客户进门，起身、微笑、点头问候，主动迎上前；正在接待别人时点头示意，请其在旁就座稍候。",
     "您好，欢迎光临！请问有什么可以帮到您？", None, f"{_P1} 4.2.1.2；{_P2} 3.2.3；{_R} 1"),
    ("08A", "superior", "service", "公司领导或专家进门，称呼职务问好。", "王总，您好！", None, f"{_R1} 2"),
    ("08B", "superior", "leasing", "开发商领导或公司领导进门，称呼职务问好。", "王总，您好！", None, f"{_R2} 2"),
    ("09A", "first_visit", "service", "询问是否第一次来公司；报身份和姓名，双手递名片。",
     "请问您是第一次来我们公司吗？我是客服专员{name}，这是我的名片，请多关照。", None, f"{_R1} 3—4"),
    ("09B", "first_visit", "leasing", "询问是否第一次来本项目；报姓名，双手递名片。",
     "请问您是第一次来看我们这个项目吗？我叫{name}，这是我的名片，请多关照。", None, f"{_R2} 3—4"),
    ("10", "water", "both", "请客户入座，安排倒水，茶水不超过杯子三分之二；专心听客户说明来意。",
     "您请坐，请用水。您慢慢说，我来记。", None, f"{_P1} 4.2.1.3"),
    ("11", "replying", "both", "应答干脆，让客户感到乐意；征询意见用开放的问句。",
     "好的，没问题。请问我能为您做些什么？您更希望怎样安排？", None, f"{_R} 5—6"),
    ("12A", "presenting", "service", "介绍项目、宣传单张、宣传册、价目表，只用公司统一的说法，不自行发挥。",
     "我按公司公布的资料给您介绍，以书面资料为准。", None, f"{_R1} 8"),
    ("12B", "presenting", "leasing", "介绍模型、平面效果图、工地现场，只用公司统一的说法，不自行发挥。",
     "我按公司公布的资料给您介绍，以签约文件为准。", None, f"{_R2} 8"),
    ("13", "voice", "both", "态度和蔼，语言亲切；声音自然、清楚、柔和，音量适中；回答迅速明确。", None, None, f"{_R} 9"),
    ("14", "unknown", "both", "不清楚的查资料或请示上级，尽量给出答复；对说出的话负责，不随意承诺，不不懂装懂，不含糊其辞。",
     "这一点我不能随口答复您，我查清楚（请示）后再准确告诉您。", "大概是吧；应该没问题；随便承诺", f"{_R} 10"),
    ("15", "service_wanted", "both", "客户需要服务时，言语中表现出乐意，不显厌烦、冷淡。",
     "好的，我马上就来（办）。", "你没看见我忙着吗？", f"{_R} 11"),
    ("16", "cannot_satisfy", "both", "一时满足不了的要求，先说明原因，再表示歉意，并给出建议或主动联系解决。",
     "很抱歉，因为……，这件事目前办不到。您看这样行不行：……；或者我帮您联系有关部门。", None, f"{_R} 12"),
    ("17", "sensitive", "both", "原则和敏感问题态度明确，方式婉转，既守规定又顾及客户自尊。用询问、请求、商量、解释四种说法；不质问、不怀疑、不命令、不顶撞，不讥讽挖苦，不与客户争执。",
     "询问：请问您是……吗？\n请求：请您配合我们……，好吗？\n商量：我们……，您觉得合适吗？\n解释：这种情况，规定是这样的：……", "嘲笑、否定、斗气的话", f"{_R} 13；{_P2} 3.2.6"),
    ("18", "disturbing", "both", "打扰客户或请其协助，先致歉；客户交款、签约或配合后致谢；接过单据、证件等任何东西都要致谢；客户道谢时要回应。",
     "对不起，打扰您一下。……谢谢您的配合。……您别客气。", None, f"{_R} 14"),
    ("19", "second_client", "both", "正在接待时又来一位客户而没有同事在场：点头示意，请其稍候，尽快结束手上的谈话；等得久了先致歉再开始，不能视而不见。",
     "您好，请先坐，我马上就来。……对不起，让您久等了。", None, f"{_R} 15；{_P1} 4.2.1.2"),
    ("20", "read_back", "both", "记录完毕，向客户复述一遍所记内容，请客户确认。",
     "我跟您核对一下：您反映的是……，联系电话是……，对吗？", None, f"{_P1} 4.2.2.2"),
    ("21", "leaving", "both", "客户离开时礼貌道别，请其再来；有项目进展的，答应第一时间告知，并记下来。",
     "您慢走，欢迎再来！有新的进展，我会第一时间通知您。", None, f"{_R} 7；{_P2} 3.2.7"),
    ("22", "desk", "both", "前台不放与工作无关的物品，记录本、资料夹各归其位；无客户时端坐，不嬉戏打闹。", None, None, f"{_P2} 3.2.3—3.2.4"),
    ("23", "appearance", "both", "着工作服，佩工作牌，整洁清爽；指甲不长于1毫米，戒指等饰物不多于一只，身上没有多余饰物。", None, None, f"{_P2} 3.2.1—3.2.2"),
    ("24A", "phone_use", "both", "前台电话不打私人电话。", None, None, f"{_P2} 3.1.5"),
    ("24B", "phone_use", "both", "未独立上岗的新员工不接客户电话。", "请稍等，我请同事来接听。", None, f"{_P2} 3.1.6"),
]
#: the same for one sex alone: switched off, the house decides
SCRIPTS_OFF: list[tuple[str, str, str, str, str | None, str | None, str]] = [
    ("23M", "appearance", "both", "男员工每天修面，头发不长于10厘米，腰上不挂钥匙串。", None, None, f"{_P2} 3.2.1—3.2.2"),
    ("23W", "appearance", "both", "女员工化淡妆，头发梳理整齐，胸前不佩夸张饰物。", None, None, f"{_P2} 3.2.1—3.2.2"),
]

#: name, at most, measured in, whom it concerns, source
CONDUCT: list[tuple[str, str | None, str | None, str, str]] = [
    ("接听：铃响声数", "3", "声", "all", f"{_P1} 4.2.1.1；{_P2} 3.1.1"),
    ("茶水：杯中水量", "0.667", "杯", "all", f"{_P1} 4.2.1.3: 不超过水杯容积2/3"),
    ("指甲长度", "1", "毫米", "all", f"{_P2} 3.2.1"),
    ("戒指等手指饰物", "1", "只", "all", f"{_P2} 3.2.2"),
    ("着工作服、佩工作牌", None, None, "all", f"{_P2} 3.2.2"),
    ("前台无与工作无关的物品", None, None, "all", f"{_P2} 3.2.4"),
    ("记录本、资料夹各归其位", None, None, "all", f"{_P2} 3.2.4"),
    ("无客户时端坐，不嬉戏", None, None, "all", f"{_P2} 3.2.3"),
    ("前台电话无私人通话", None, None, "all", f"{_P2} 3.1.5"),
    ("由客户先挂断", None, None, "all", f"{_P2} 3.1.2"),
    ("每天修面", None, None, "men", f"{_P2} 3.2.1"),
    ("头发长度", "10", "厘米", "men", f"{_P2} 3.2.1"),
    ("腰上无钥匙串", None, None, "men", f"{_P2} 3.2.2"),
    ("淡妆，头发梳理整齐", None, None, "women", f"{_P2} 3.2.1"),
    ("胸前无夸张饰物", None, None, "women", f"{_P2} 3.2.2"),
]
# fmt: on


def sow(session: Session) -> None:
    """Put in what is missing; rows the office has changed stay as they are."""
    if session.scalar(select(Referral.id).limit(1)) is None:
        for number, name, matters, emergency, source in REFERRALS:
            session.add(Referral(number=number, name=name, matters=matters, emergency=emergency, source=source))
            session.flush()
    if session.scalar(select(ScriptCard.id).limit(1)) is None:
        for card, in_use in [*((c, True) for c in SCRIPTS), *((c, False) for c in SCRIPTS_OFF)]:
            number, scene, edition, rule, wording, never, source = card
            session.add(
                ScriptCard(
                    card_no=number, scene=scene, edition=edition, rule=rule, wording=wording, never_say=never,
                    source=source, in_use=in_use,
                )
            )  # fmt: skip
    if session.scalar(select(ConductItem.id).limit(1)) is None:
        session.add_all(
            ConductItem(
                name=name, most=None if most is None else Decimal(most), unit=unit, concerns=concerns, source=source,
                in_use=concerns == "all",
            )
            for name, most, unit, concerns, source in CONDUCT
        )  # fmt: skip
    session.flush()
