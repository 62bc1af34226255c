"""The limits a fresh installation starts with, each with the text it comes from."""

from __future__ import annotations

from decimal import Decimal

import chinese_calendar
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine.clock_rules import ClockRule
from app.engine.office_calendar import CalendarDay
from app.engine.rules import Rule
from models.note_templates import NoteTemplate
from models.outgoing_series import FIRST_TEMPLATE, OutgoingSeries
from models.paper_types import COMPANY, GOVERNMENT
from models.people import Department
from models.registers import Register
from seed import desk_procedures, ladder, library

_GROUP = "外部来文处理办法"
_HOTLINE = "来电信息处理规则"
_ISSUING = "发文处理流程"
_MALL = "订单处理流程（商城）"
_SERVICE = "商服部订单处理流程"
_UNTIL_CONFIRMED = f"{_MALL} 2.1: 后台管理员还未对订单进行确认操作这段时间内，允许会员自行修改、取消自己的订单"
_UNTIL_SHIPPED = f"{_SERVICE} 1.1 二 2.1、2.2: 显示发货状态拒绝修改；未发货，可修改"
_UNTIL_KEEPER = f"{_SERVICE} 1.1 二 3: 已付款的订单，必须是发给库管前的订单状态"

# fmt: off
#: record kind, stage, case, amount, unit, calendar, source; no source: our own default
LIMITS: list[tuple[str, str, str | None, int | str, str, str, str | None]] = [
    ("incoming_documents", "proposal", None, 24, "elapsed_hours", "office", f"{_GROUP} 第五条: 收到后24小时内提出拟办意见"),
    ("incoming_documents", "instruction", None, 2, "working_days", "office", None),
    ("incoming_documents", "instruction", "urgent", 1, "working_days", "office", None),
    ("incoming_documents", "instruction", "extra_urgent", 1, "working_days", "office", None),
    ("incoming_documents", "handling", None, 7, "calendar_days", "office", f"{_GROUP} 第五条: 无时限要求的一周内办毕"),
    ("incoming_documents", "handling", "urgent", 3, "working_days", "office", None),
    ("incoming_documents", "handling", "extra_urgent", 0, "on_arrival", "office", "收文处理程序 九、承办: 急件随到随办"),
    ("assignments", "handling", None, 7, "calendar_days", "office", f"{_GROUP} 第五条: 无时限要求的一周内办毕"),
    ("assignments", "handling", "urgent", 3, "working_days", "office", None),
    ("assignments", "handling", "extra_urgent", 0, "on_arrival", "office", "收文处理程序 九、承办: 急件随到随办"),
    ("paper_orders", "carrying_out", None, 3, "working_days", "office", None),
    ("circulation_entries", "reading", None, 10, "calendar_days", "office", f"{_GROUP} 第六条: 收到后十日内给出阅后意见"),
    ("paper_copies", "holding", None, 2, "working_days", "office", None),
    ("paper_copies", "holding", "urgent", 0, "working_days", "office", None),
    ("paper_copies", "holding", "extra_urgent", 0, "working_days", "office", None),
    ("countersignatures", "countersigning", None, 2, "working_days", "office", None),
    ("countersignatures", "countersigning", "urgent", 1, "working_days", "office", None),
    ("countersignatures", "countersigning", "extra_urgent", 1, "working_days", "office", None),
    ("outgoing_documents", "leader_review", None, 2, "working_days", "office", None),
    ("outgoing_documents", "finance_review", None, 1, "working_days", "office", None),
    ("recipients", "receipt", None, 5, "working_days", "office", None),
    ("recipients", "return", None, 5, "working_days", "office", None),
    ("outgoing_documents", "text_check", None, 1, "working_days", "office", None),
    ("outgoing_documents", "signing", None, 1, "working_days", "office", None),
    ("outgoing_documents", "issuing", None, 2, "working_days", "office", None),
    # Urgent papers: half the time; an office day has seven and a half hours.
    *(
        ("outgoing_documents", stage, urgency, amount, unit, "office", None)
        for urgency in ("urgent", "extra_urgent")
        for stage, amount, unit in (
            ("leader_review", 1, "working_days"), ("finance_review", "3.75", "working_hours"),
            ("text_check", "3.75", "working_hours"), ("signing", "3.75", "working_hours"), ("issuing", 1, "working_days"),
        )
    ),
    ("envelopes", "opening", None, 1, "working_days", "office", None),
    ("envelopes", "handing_over", None, 1, "working_days", "office", None),
    ("envelopes", "defects", None, 3, "working_days", "office", None),
    ("service_tickets", "parent", "consult", 48, "elapsed_hours", "always", f"{_HOTLINE} 咨询类: 前台4小时与回复1天20小时之和"),
    ("service_tickets", "front_desk", "consult", 4, "elapsed_hours", "always", f"{_HOTLINE} 咨询类: 前台处理时限4小时"),
    ("service_tickets", "reply", "consult", 44, "elapsed_hours", "always", f"{_HOTLINE} 咨询类: 回复时限1天20小时"),
    ("service_tickets", "parent", "help", 24, "elapsed_hours", "always", f"{_HOTLINE} 求助类 2: 回复时限24小时"),
    ("service_tickets", "unit", "help", 22, "elapsed_hours", "always", f"{_HOTLINE} 求助类 3(3): 成员单位在22小时内反馈处理意见"),
    ("service_tickets", "hotline", "help", 2, "elapsed_hours", "always", f"{_HOTLINE} 求助类: 24小时回复减去22小时反馈"),
    ("service_tickets", "front_desk", None, 4, "elapsed_hours", "always", None),
    ("service_tickets", "front_desk", "emergency", "0.25", "elapsed_hours", "always", None),
    ("service_tickets", "acknowledgement", None, 1, "working_days", "office", None),
    ("service_tickets", "parent", None, 120, "elapsed_hours", "always", None),
    ("service_tickets", "parent", "emergency", 2, "elapsed_hours", "always", None),
    ("service_tickets", "parent", "complaint", 72, "elapsed_hours", "always", None),
    ("service_tickets", "unit", "complaint", 66, "elapsed_hours", "always", None),
    ("service_tickets", "hotline", "complaint", 6, "elapsed_hours", "always", None),
    ("service_tickets", "parent", "report", 13, "working_days", "office", None),
    ("service_tickets", "parent", "feedback", 5, "working_days", "office", None),
    ("service_tickets", "parent", "repair", 72, "elapsed_hours", "always", None),
    ("service_tickets", "parent", "repair_pressing", 24, "elapsed_hours", "always", None),
    ("service_tickets", "parent", "paid_service", 72, "elapsed_hours", "always", None),
    ("service_tickets", "parent", "paid_service_pressing", 24, "elapsed_hours", "always", None),
    ("daily_reviews", "signing", None, 1, "working_days", "office", None),
    ("customer_handovers", "checking", None, 7, "calendar_days", "office", None),
    ("calls_owed", "call", None, 1, "working_days", "office", None),
    ("calls_owed", "call", "news", 5, "working_days", "office", None),
    ("dispatch_orders", "handling", "help", 22, "elapsed_hours", "always", f"{_HOTLINE} 求助类 3(3): 成员单位在22小时内反馈处理意见"),
    ("dispatch_orders", "handling", "consult", 40, "elapsed_hours", "always", None),
    ("dispatch_orders", "handling", "emergency", 2, "elapsed_hours", "always", None),
    ("dispatch_orders", "handling", "complaint", 66, "elapsed_hours", "always", None),
    ("dispatch_orders", "handling", "report", 10, "working_days", "office", None),
    ("dispatch_orders", "handling", "feedback", 4, "working_days", "office", None),
    ("dispatch_orders", "handling", "repair_pressing", 20, "elapsed_hours", "always", None),
    ("dispatch_orders", "handling", "paid_service_pressing", 20, "elapsed_hours", "always", None),
    ("dispatch_orders", "handling", None, 66, "elapsed_hours", "always", None),
    ("dispatch_orders", "receipt", None, 4, "elapsed_hours", "always", None),
    ("visitors", "waiting", None, "0.25", "elapsed_hours", "always", None),
    ("dispatch_orders", "receipt", "emergency", "0.25", "elapsed_hours", "always", None),
    ("dispatch_orders", "contact", None, 4, "elapsed_hours", "always", None),
    ("dispatch_orders", "contact", "emergency", "0.5", "elapsed_hours", "always", None),
    ("dispatch_orders", "acceptance", None, 2, "elapsed_hours", "always", None),
]

_ON_ARRIVAL = "收文处理程序 九、承办: 急件随到随办"
#: limits of one profile: profile, record kind, stage, case, amount, unit, calendar, source
LIMITS_OF_PROFILES: list[tuple[str, str, str, str | None, int | str, str, str, str | None]] = [
    ("school", "incoming_documents", "handling", "urgent", 0, "on_arrival", "office", _ON_ARRIVAL),
    ("school", "incoming_documents", "handling", "extra_urgent", 0, "on_arrival", "office", _ON_ARRIVAL),
    ("school", "assignments", "handling", "urgent", 0, "on_arrival", "office", _ON_ARRIVAL),
    ("school", "assignments", "handling", "extra_urgent", 0, "on_arrival", "office", _ON_ARRIVAL),
    # The property desk works by its own hours; P1 and P2 state no limit. An emergency waits for no opening.
    ("property_desk", "service_tickets", "front_desk", None, 4, "working_hours", "office", None),
    ("property_desk", "service_tickets", "front_desk", "emergency", "0.25", "elapsed_hours", "always", None),
    ("property_desk", "service_tickets", "parent", None, 5, "working_days", "office", None),
    ("property_desk", "service_tickets", "parent", "consult", 2, "working_days", "office", None),
    ("property_desk", "service_tickets", "parent", "help", 8, "working_hours", "office", None),
    ("property_desk", "service_tickets", "parent", "emergency", 2, "elapsed_hours", "always", None),
    ("property_desk", "service_tickets", "parent", "complaint", 3, "working_days", "office", None),
    ("property_desk", "service_tickets", "parent", "report", 13, "working_days", "office", None),
    ("property_desk", "service_tickets", "parent", "repair", 3, "working_days", "office", None),
    ("property_desk", "service_tickets", "parent", "repair_pressing", 8, "working_hours", "office", None),
    ("property_desk", "service_tickets", "parent", "paid_service", 3, "working_days", "office", None),
    ("property_desk", "service_tickets", "parent", "paid_service_pressing", 8, "working_hours", "office", None),
    ("property_desk", "service_tickets", "unit", "help", 6, "working_hours", "office", None),
    ("property_desk", "service_tickets", "unit", "complaint", 2, "working_days", "office", None),
    ("property_desk", "service_tickets", "hotline", "help", 2, "working_hours", "office", None),
    ("property_desk", "service_tickets", "hotline", "complaint", 4, "working_hours", "office", None),
    ("property_desk", "dispatch_orders", "handling", None, 4, "working_days", "office", None),
    ("property_desk", "dispatch_orders", "handling", "consult", 1, "working_days", "office", None),
    ("property_desk", "dispatch_orders", "handling", "help", 6, "working_hours", "office", None),
    ("property_desk", "dispatch_orders", "handling", "emergency", 2, "elapsed_hours", "always", None),
    ("property_desk", "dispatch_orders", "handling", "complaint", 2, "working_days", "office", None),
    ("property_desk", "dispatch_orders", "handling", "report", 10, "working_days", "office", None),
    ("property_desk", "dispatch_orders", "handling", "repair", 2, "working_days", "office", None),
    ("property_desk", "dispatch_orders", "handling", "repair_pressing", 6, "working_hours", "office", None),
    ("property_desk", "dispatch_orders", "handling", "paid_service", 2, "working_days", "office", None),
    ("property_desk", "dispatch_orders", "handling", "paid_service_pressing", 6, "working_hours", "office", None),
    ("property_desk", "dispatch_orders", "receipt", None, 2, "working_hours", "office", None),
    ("property_desk", "dispatch_orders", "receipt", "emergency", "0.25", "elapsed_hours", "always", None),
    ("property_desk", "dispatch_orders", "contact", None, 2, "working_hours", "office", None),
    ("property_desk", "dispatch_orders", "contact", "emergency", "0.5", "elapsed_hours", "always", None),
    ("property_desk", "dispatch_orders", "acceptance", None, 2, "working_hours", "office", None),
]

#: code, name, profile, form of its numbers, where its papers are passed on to: a book for every profile
BOOKS: list[tuple[str, str, str, str, str | None]] = [
    ("SW", "收文登记簿", "company", "收文〔{year}〕{serial}号", None),
    ("ZW", "政务来文登记簿", "government", "政收〔{year}〕{serial}号", None),
    ("DN", "党内文件登记簿", "school", "党收〔{year}〕{serial}号", None),
    ("XZ", "行政文件登记簿", "school", "行收〔{year}〕{serial}号", "校长办公室"),
    ("GS", "集团来文登记簿", "group", "集收〔{year}〕{serial}号", None),
]

_HOTEL = "发文处理流程"
#: code, name, profile, level, form of its numbers, issuing body, red head (none: body and 文件), source; none: our own
SERIES: list[tuple[str, str, str, str, str, str, str | None, str | None]] = [
    ("文枢发", "公司发文", "company", "company", FIRST_TEMPLATE, "文枢公司", None, None),
    ("锦城文", "酒店发文", "hotel", "company", "（{year}）锦城文第{serial}号", "锦城酒店", None,
     f"{_HOTEL} 五、编号: 发文年号+发文代字+本年度发文序号，即（××××）锦城文第×号"),
    ("锦城行文", "酒店行政部发文", "hotel", "department", "（{year}）锦城行文第{serial}号", "锦城酒店行政部", None,
     f"{_HOTEL} 注: 行政部发文，编号为（××××）锦城行文第×号"),
    ("独府办发", "县政府办公室发文", "government", "company", "独府办发〔{year}〕{serial}号", "独山县人民政府办公室", None,
     "来文处理笺: 独府办发〔2011〕139号"),
    ("独府办发电", "县政府办公室发电", "government", "company", "独府办发电〔{year}〕{serial}号", "独山县人民政府办公室",
     "独山县人民政府办公室发电", "来文处理笺: 黔南府办发电〔2011〕202号"),
    ("办公会议纪要", "办公会议纪要", "company", "company", "办公会议纪要第{serial}次", "文枢公司", "文枢公司办公会议纪要", None),
]

#: setting, profile, value, source; no source: our own default
RULES: list[tuple[str, str | None, str, str | None]] = [
    # The main line
    ("screening", "government", "yes", "公文处理办法 一（三）: 初审"),
    ("screening", None, "no", None),
    ("proposers", "school", "registry_clerk", "收文处理程序 五、拟办: 登记后填写公文处理单并提出拟办意见"),
    ("proposers", "government", "registry_clerk,office_manager", "来文处理笺: 拟办意见由党政办公室签署"),
    ("proposers", "company", "registry_clerk,office_manager", "办文办会工作流程: 行政助理填制处理笺，办公室主任签注"),
    ("proposers", "group", "office_manager", f"{_GROUP} 第五条: 总经理办公室负责人提出拟办意见"),
    ("proposers", None, "department_head,department_user,registry_clerk,office_manager", "oa公文_收文流程 拟办: 部门负责人或具体工作人员"),
    ("direct_transfer", "government", "yes", "公文处理办法 一（四）: 批办性公文转有关部门办理"),
    ("direct_transfer", "school", "no", "收文处理程序 六、批阅: 由党办负责同志批阅"),
    ("direct_transfer", "group", "no", f"{_GROUP} 第五条: 送主管领导批示"),
    ("direct_transfer", None, "yes", "oa公文_收文流程 分办"),
    ("leader_proposed", "school", "no", "收文处理程序 六、批阅: 上级来文由党办负责同志批阅，拟办时不另指定"),
    ("leader_proposed", "government", "handled", "公文处理办法 一（四）: 批办性公文应当提出拟办意见报本机关负责人批示或者转有关部门办理"),
    ("leader_proposed", "company", "always", "办文办会工作流程: 送办公室主任签注送审处理建议，按送审建议意见送领导签批"),
    ("leader_proposed", "group", "always", f"{_GROUP} 第五条: 提出拟办意见，并送主管领导批示"),
    ("leader_proposed", None, "no", None),
    ("scope_approved", "school", "yes", "收文处理程序 六、批阅: 需阅知件，要提出阅知范围"),
    ("scope_approved", "government", "yes", "公文处理办法 一（四）: 阅知性公文确定范围后分送"),
    ("scope_approved", "group", "yes", f"{_GROUP} 第六条: 按负责人提出的传阅范围，杜绝自行扩大"),
    ("scope_approved", None, "no", None),
    ("urgent_limit_compulsory", "school", "no", _ON_ARRIVAL),
    ("urgent_limit_compulsory", None, "yes", "公文处理办法 一（四）: 紧急公文应当明确办理时限"),
    ("summary_due", "group", "yes", f"{_GROUP} 第六条: 汇总意见呈报主管领导批示"),
    ("summary_due", None, "no", None),
    ("route_keeps_content", None, "no", None),
    ("close_leader_told", "company", "yes", "办文办会工作流程: 向签批领导报告办理完结"),
    ("close_leader_told", "group", "yes", None),
    ("close_sender_answered", "government", "yes", "公文处理办法 一（七）: 办理结果应当及时答复来文单位"),
    ("close_sender_answered", "school", "yes", "收文处理程序 九、承办: 主办单位负责回复"),
    ("close_sender_answered", None, "yes", None),
    ("close_handling_note", "school", "no", None),
    ("close_handling_note", None, "no", "oa公文_收文流程 注办，可按登记簿开启"),
    ("close_opinions_weighed", "school", "yes", "收文处理程序 八、传阅: 阅批意见要做好补办工作"),
    ("close_opinions_weighed", None, "no", None),
    ("close_papers_back", "company", "yes", "办文办会工作流程: 处理笺同原文件一并收回存档"),
    ("close_papers_back", None, "yes", "收文处理程序 八、传阅: 阅完后进行检查"),
    ("most_suspended", None, "90", None),
    # Outgoing papers
    ("outgoing_route", "company", "leader_review,discussion,countersigning,finance_review,text_check,signing", "公司发文标准流程 二（二）至（四）: 会签、核稿、签发"),
    ("outgoing_route", "group", "leader_review,discussion,text_check,countersigning,finance_review,signing", "办文办会工作流程: 初审、讨论、核稿、会签、审查签发"),
    ("outgoing_route", "hotel", "countersigning,text_check,finance_review,signing", f"{_ISSUING} 二至四: 会签、核稿、经济审核、签发"),
    ("outgoing_route", "government", "leader_review,text_check,countersigning,signing", None),
    ("outgoing_route", None, "leader_review,discussion,countersigning,finance_review,text_check,signing", None),
    ("outgoing_route_department", None, "text_check,signing", "公文管理流程 5.1.2: 部门文件; 发文处理流程 注: 部门间的行文参照此流程"),
    ("outgoing_recheck", "government", "yes", "公文处理办法 二（一）: 复核"),
    ("outgoing_recheck", None, "no", "公司发文标准流程 二（五）: 文稿经总经理签发后，要进行编号登记"),
    ("outgoing_signers", None, "leader", "公司发文标准流程 二（四）: 签发是公司总经理对文稿的最后审批"),
    ("outgoing_own_head", "company", "yes", "公司发文标准流程 二（二）: 部门负责人在文件审批单上签字"),
    ("outgoing_own_head", "hotel", "yes", f"{_ISSUING} 一: 由该部门经理在拟稿人处签署姓名和日期"),
    ("outgoing_own_head", None, "no", None),
    ("outgoing_text_checker", "group", "executing", "办文办会工作流程: 拟稿人将修改稿交所涉及执行部门负责人核稿"),
    ("outgoing_text_checker", None, "office", f"{_ISSUING} 三: 由行政部专人进行全面审核"),
    ("outgoing_principal", "government", "yes", "党政机关公文处理工作条例: 上行文由主要负责人签发"),
    ("outgoing_principal", None, "no", None),
    ("proofreaders", "company", "drafter,checker,head", "公司发文标准流程 二（七）: 三校制度"),
    ("proofreaders", "hotel", "checker", f"{_ISSUING} 七: 由核稿人员校对"),
    ("proofreaders", None, "checker", None),
    ("last_proof_waivable", "company", "yes", "公司发文标准流程 二（七）: 三校最好由部门负责人进行"),
    ("last_proof_waivable", None, "no", None),
    ("outgoing_types", "government", ",".join(GOVERNMENT), "党政机关公文处理工作条例: 十五种"),
    ("outgoing_types", None, ",".join(COMPANY), "公文管理流程 5.1.3: 决定、通知、通报、报告、请示、批复、函"),
    ("outgoing_types_department", "company", ",".join(COMPANY), "公文管理流程 5.1.2: 部门职责范围内的常规性事项，以部门文件行文"),
    ("outgoing_types_department", None, "letter", f"{_ISSUING} 注: 部门间的行文一般采取“函”的形式"),
    ("outgoing_deposit", None, "yes", f"{_ISSUING} 注: 各部门的发文均须送行政部留存"),
    ("co_share", None, "0.5", None),
    *((f"scope_{importance}_{secrecy}", "group", "principal, in_charge, department", f"{_GROUP} 第三条: 根据重要性及秘密性确定传阅范围")
      for importance, secrecy in (
          ("important", "secret"), ("important", "confidential"), ("important", "top_secret"))),
    *(
        (f"round_{secrecy}_{medium}", profile, value, f"{_GROUP} 第七条: {words}")
        for profile in ("group", "company")
        for secrecy, medium, value, words in (
            ("top_secret", "paper", "photocopy, paper, shared_copy, reading_room", "不得扫描，复印，两人一份传阅"),
            ("top_secret", "electronic", "download, paper, shared_copy, reading_room", "专人下载打印复印，两人一份传阅"),
            ("confidential", "paper", "scan, electronic, parallel, sequential", "扫描，邮箱每人一份传阅"),
            ("confidential", "electronic", "as_is, electronic, parallel, sequential", "不需处理，邮箱每人一份传阅"),
            ("secret", "paper", "scan, electronic, parallel, sequential", "扫描，邮箱每人一份传阅"),
            ("secret", "electronic", "as_is, electronic, parallel, sequential", "不需处理，邮箱每人一份传阅"),
        )
    ),
    ("readers_per_copy", None, "2", f"{_GROUP} 第七条: 绝密两人一份进行传阅"),
    ("reading_order", None, "principal, in_charge, department, others", "收文处理程序 八、传阅: 先送主要领导和分管领导阅，各部门间安排主管部门先看"),
    ("round_internal_paper", "school", "as_is, paper, sequential", "收文处理程序 八、传阅: 先送主要领导和分管领导阅"),
    ("round_internal_paper", "government", "as_is, paper, sequential, parallel", "收文办理 组织传阅: 独份或份数很少的公文"),
    *((f"round_{secrecy}_{medium}", None, "as_is, paper, sequential, parallel, reading_room", None)
      for secrecy in ("state_secret", "state_confidential", "state_top_secret") for medium in ("paper", "electronic")),
    ("hand_on", None, "no", None),
    ("slip_title", "company", "公文处理笺", "办文办会工作流程: 填制《公文处理笺》"),
    ("slip_title", "group", "收文阅批单", f"{_GROUP} 第二条: 收文阅批单见附件2"),
    ("office_name", "group", "集团总经理办公室", f"{_GROUP} 第二条: 集团总经理办公室为外部来文的管理部门"),
    ("interpreted_by", "group", "集团总经理办公室", f"{_GROUP} 第十一条: 解释权归集团总经理办公室"),
    ("office_name", "government", "党政办公室", None),
    ("office_name", "school", "校长办公室", None),
    ("outer_register", "government", "yes", "oa公文_收文流程 第一阶段: 外收文登记"),
    ("post_opening", None, "designated", "收文处理程序 二、拆封: 由文件专管人员拆封"),
    ("post_opening", "government", "straight", "oa公文_收文流程 第一阶段: 统一启封或径送领导者亲启"),
    ("hold_months", None, "6", None),
    ("receipt_slip_first", None, "yes", "收文处理程序 三、核对: 有回执的退回发文单位"),
    ("accountability", None, "no", None),
    ("accountability", "group", "yes", f"{_GROUP} 第十条: 依情节对责任人处以100—1000元"),
    ("accountability_least", "group", "100", f"{_GROUP} 第十条"),
    ("accountability_most", "group", "1000", f"{_GROUP} 第十条"),
    ("follow_up_officer_compulsory", None, "yes", "公文处理办法: 紧急公文或者重要公文应当由专人负责催办"),
    ("follow_up_officer_compulsory", "group", "yes", f"{_GROUP} 第三条: 指定专人对需要办理的业务进行催办"),
    # Dispatch orders
    ("return_hours", None, "4", None),
    ("head_confirms", None, "help", f"{_HOTLINE} 求助类 3(3): 请信息点负责人跟进处理结果"),
    ("unit_link_days", None, "7", None),
    # The library of the desk
    ("answer_without_article", "hotline", "refuse", f"{_HOTLINE}: 所有来电不允许按个人理解回答；资料库中有标准答案，按资料库中答案回复"),
    ("answer_without_article", "property_desk", "warn", None),
    ("article_review_months", None, "12", None),
    ("article_grace_days", None, "30", None),
    ("article_editors", None, "call_taker,shift_leader,service_manager,office_manager", None),
    ("article_approvers", None, "service_manager,office_manager", None),
    ("conduct_checklist", None, "no", None),
    ("late_numbering_until", None, "01-15", None),
    # The service desk
    ("handling_goal", "hotline", "90", f"{_HOTLINE}: 来电处理率90%"),
    ("short_call_goal", "hotline", "80", f"{_HOTLINE}: 80%的来电在1—2分钟内处理完毕"),
    ("desk_name", "hotline", "服务热线", None),
    ("desk_name", "property_desk", "物业服务中心", None),
    ("import_current_days", None, "7", None),
    ("paid_service_settled", None, "yes", None),
    # Orders: who may change what until when, when goods are reserved, how long the house waits
    *((f"cutoff_member_{group}", None, "confirmed", _UNTIL_CONFIRMED) for group in ("recipient", "delivery", "goods")),
    ("cutoff_staff_unpaid_recipient", None, "shipped", _UNTIL_SHIPPED),
    ("cutoff_staff_unpaid_delivery", None, "shipped", _UNTIL_SHIPPED),
    ("cutoff_staff_unpaid_goods", None, "handed_over", _UNTIL_SHIPPED),
    *((f"cutoff_staff_paid_{group}", None, "handed_over", _UNTIL_KEEPER) for group in ("recipient", "delivery", "goods")),
    ("cutoff_recall", None, "yes", None),
    ("identity_proofs", None, "2", None),
    ("reserve_on_prepaid", None, "placed", None),
    ("reserve_on_third_party", None, "paid", None),
    ("reserve_on_cash_on_delivery", None, "confirmed", None),
    ("reserve_on_on_account", None, "confirmed", None),
    ("payment_hours", None, "72", None),
    ("difference_hours", None, "72", None),
    ("complete_days", None, "15", None),
    ("own_page_days", None, "30", None),
    ("rounding", None, "half_up_line", None),
    # Money
    ("refund_gate_hours", None, "24", "订单处理流程 1.2 3: 客户已付款、未安排发货，退货告知客户付款24小时后申请退款"),
    # Customers
    ("usual_payment_days", None, "30", None),
    ("leaver_keeps_customers", None, "no", None),
    ("burst_exports", None, "5", None),
    ("burst_reveals", None, "30", None),
    # Papers of orders
    ("delivery_note_prices", None, "no", None),
    # The desk: calls, waiting, rounds, doubles
    ("callback_kinds", None, "complaint, help, repair, paid_service", None),
    ("callback_by_another", None, "yes", None),
    ("call_tries", None, "3", None),
    ("call_days", None, "2", None),
    ("call_minutes", None, "30", None),
    ("close_before_callback", None, "yes", None),
    ("most_waits", None, "2", None),
    ("longest_wait", None, "5", None),
    ("reopen_days", None, "7", None),
    ("reopen_share", None, "0.5", None),
    ("repeat_days", None, "7", None),
    ("digest_hour", None, "8", None),
    ("quiet_from", None, "20", None),
    ("quiet_until", None, "7", None),
    # Goods
    ("whole_units", None, "件,个,把,双,台,本,箱,只,套", None),
    ("over_delivery_percent", None, "0", None),
]

_THREE = f"{_HOTLINE} 求助类 3(3): 值班长生成工单时须注明三点意见"
_RELAY = "由热线转达答复，请勿查找、联系来电人。"
#: kind of ticket, notes 1 to 3, in place of note 1, whether all must be ticked, source; no source: our own default
NOTES: list[tuple[str | None, str, str, str, str, bool, str | None]] = [
    ("help", "请成员单位及时与来电人联系。", "请成员单位在{hours}小时内反馈处理意见，以便答复热线来电人。",
     "请信息点负责人跟进处理结果。", _RELAY, True, _THREE),
    (None, "请及时与来电人联系。", "请于{limit}前反馈处理意见。", "请单位负责人跟进处理结果。", _RELAY, False, None),
]

#: The library's names of the occasions, as the office calls them.
OCCASIONS = {
    "New Year's Day": "元旦", "Spring Festival": "春节", "Tomb-sweeping Day": "清明节", "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节", "Mid-autumn Festival": "中秋节", "National Day": "国庆节",
    "Anti-Fascist 70th Day": "抗战胜利七十周年纪念日",
}
# fmt: on


def sow(session: Session) -> None:
    """Put in what is missing; rows the office has changed stay as they are."""
    if session.scalar(select(ClockRule.id).limit(1)) is None:
        for kind, stage, case, amount, unit, calendar, source in LIMITS:
            session.add(
                ClockRule(
                    record_kind=kind, stage=stage, case=case, amount=Decimal(amount), unit=unit, calendar=calendar,
                    source=source, ours=source is None,
                )
            )  # fmt: skip
        for profile, kind, stage, case, amount, unit, calendar, source in LIMITS_OF_PROFILES:
            session.add(
                ClockRule(
                    profile=profile, record_kind=kind, stage=stage, case=case, amount=Decimal(amount), unit=unit,
                    calendar=calendar, source=source, ours=source is None,
                )
            )  # fmt: skip
    if session.scalar(select(Rule.id).limit(1)) is None:
        session.add_all(
            Rule(setting=name, profile=profile, value=value, source=source, ours=source is None)
            for name, profile, value, source in RULES
        )
    if session.scalar(select(Register.id).limit(1)) is None:
        for code, name, profile, template, elsewhere in BOOKS:
            session.add(Register(code=code, name=name, profile=profile, template=template, kept_elsewhere=elsewhere))
            session.flush()
    if session.scalar(select(OutgoingSeries.id).limit(1)) is None:
        sow_series(session, "company")
    if session.scalar(select(CalendarDay.id).limit(1)) is None:
        sow_calendar(session)
    if session.scalar(select(NoteTemplate.id).limit(1)) is None:
        for ticket_kind, contact, reply, follow, relay, needed, source in NOTES:
            session.add(
                NoteTemplate(
                    ticket_kind=ticket_kind, contact_text=contact, reply_text=reply, follow_text=follow, relay_text=relay,
                    contact_needed=needed, reply_needed=needed, follow_needed=needed, source=source,
                    ours=source is None,
                )
            )  # fmt: skip
    ladder.sow(session)
    desk_procedures.sow(session)
    library.sow(session)
    session.flush()


def sow_series(session: Session, level: str, department: Department | None = None) -> None:
    """The series of a level; those of departments need the department, which a fresh installation has none of."""
    for code, name, profile, its_level, template, issuer, head, source in SERIES:
        if its_level == level:
            series = OutgoingSeries(
                code=code, name=name, profile=profile, level=level, template=template, issuer=issuer, head=head,
                source=source, department=department,
            )  # fmt: skip
            session.add(series)
            session.flush()


def sow_calendar(session: Session) -> None:
    """Every day on which the State Council's plan departs from the week, for all years the library knows."""
    days = {**chinese_calendar.holidays, **chinese_calendar.workdays}
    for day, name in sorted(days.items()):
        worked = day in chinese_calendar.workdays
        if worked or day.weekday() < 5:
            plan = f"国务院办公厅 {day.year} 年节假日安排"
            occasion = OCCASIONS.get(str(name), str(name))
            session.add(CalendarDay(day=day, worked=worked, name=occasion, source=plan))
