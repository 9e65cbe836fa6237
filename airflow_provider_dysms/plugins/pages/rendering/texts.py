"""Every text of the pages that the reports do not have, in English and in Chinese; a test compares the catalogues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_dysms.reports.sending_details import texts as sending_details

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_dysms.reports.texts import Language

_EN: dict[str, str] = {
    "report": "Delivery report",
    "archive": "Archive",
    "show": "Show",
    "day_before": "Day before",
    "day_after": "Day after",
    "filters": "Filters",
    "phone_number_hint": "A mobile number has its country code, as in 4402000000. It never becomes part of an address.",
    "result_any": "Any",
    "last_1h": "Last 1 hour",
    "last_24h": "Last 24 hours",
    "last_7d": "Last 7 days",
    "last_30d": "Last 30 days",
    "last_range": "From – to",
    "last": "Time",
    "sent_from": "From",
    "sent_to": "To",
    "page_size": "Records per page",
    "cursor": "Page",
    "trail": "Page",
    "per_page": "{count} per page",
    "query": "Query",
    "reset": "Reset",
    "querying": "Querying…",
    "first_page": "First page",
    "previous": "Previous",
    "next": "Next",
    "private": "This page holds a phone number, so it has no address to share.",
    "looks_like_number": "“{field}” looks like a phone number. To find a number, use the field “{phone_number}”.",
    "error": "This query has no result",
    "problem_user_busy": "Your query before this one is still running. Wait for its result, then query again.",
    "problem_server_busy": "The server is busy with queries of other users. Try again in a minute.",
    "problem_too_slow": (
        "The query took longer than {seconds} seconds and was ended. Choose a shorter time, or more filters."
    ),
    "problem_too_large": (
        "The query needed more memory than it may use ({megabytes} MB) and was ended. Choose a shorter time, or more "
        "filters."
    ),
    "problem_died": "The query ended without a result. The log of the API server says more.",
    "problem_cancelled": "The query was ended, because the page was closed.",
    "problem_archive": "The archive cannot be read: {message}",
    "problem_input": "{field}: {message}",
    "problem_number_in_address": (
        "The address held what may be a phone number. It was removed, and nothing was searched. Addresses are kept in "
        "logs and histories: type the number into the form."
    ),
    "problem_other_site": "This form was sent by another site. Open the page in Airflow, and query there.",
    "problem_not_a_form": "The request is not the form of this page.",
    "problem_too_long": "The form is too long.",
    "problem_login": "Log in to Airflow to see this page.",
    "problem_forbidden": "Your role may not see this page: it needs the right to read assets.",
    "problem_not_found": "This page does not exist.",
    "problem_unexpected": "Something went wrong on the server. Its log says more.",
    "problem_options": "The options of these pages cannot be used: {message}",
    "no_archive": "No archive is shown yet",
    "no_archive_how": "Name the output_uri of your audits in the configuration of the API server, and start it again:",
}

_ZH: dict[str, str] = {
    "report": "送达报告",
    "archive": "存档",
    "show": "查看",
    "day_before": "前一天",
    "day_after": "后一天",
    "filters": "查询条件",
    "phone_number_hint": "带国家码，不带加号，例如 4402000000。号码只随表单提交，不会出现在网址中。",
    "result_any": "全部",
    "last_1h": "最近 1 小时",
    "last_24h": "最近 24 小时",
    "last_7d": "最近 7 天",
    "last_30d": "最近 30 天",
    "last_range": "自定义",
    "last": "时间",
    "sent_from": "从",
    "sent_to": "到",
    "page_size": "每页条数",
    "cursor": "页",
    "trail": "页",
    "per_page": "每页 {count} 条",
    "query": "查询",
    "reset": "重置",
    "querying": "查询中…",
    "first_page": "首页",
    "previous": "上一页",
    "next": "下一页",
    "private": "本页含有手机号码，因此没有可分享的网址。",
    "looks_like_number": "“{field}”看起来是手机号码。查询号码请使用“{phone_number}”。",
    "error": "本次查询没有结果",
    "problem_user_busy": "您的上一次查询仍在进行。请等待结果返回后再查询。",
    "problem_server_busy": "服务器正在处理其他用户的查询，请一分钟后再试。",
    "problem_too_slow": "查询超过 {seconds} 秒，已终止。请缩短时间范围或增加条件。",
    "problem_too_large": "查询占用的内存超过上限（{megabytes} MB），已终止。请缩短时间范围或增加条件。",
    "problem_died": "查询异常结束，详情见 API 服务器日志。",
    "problem_cancelled": "页面已关闭，查询已终止。",
    "problem_archive": "无法读取存档：{message}",
    "problem_input": "{field}：{message}",
    "problem_number_in_address": (
        "网址中含有疑似手机号码的内容，已被移除，未执行查询。网址会留在日志和浏览历史中，请在表单中填写号码。"
    ),
    "problem_other_site": "此表单来自其他网站。请在 Airflow 中打开页面后查询。",
    "problem_not_a_form": "请求不是本页的表单。",
    "problem_too_long": "表单内容过长。",
    "problem_login": "请登录 Airflow 后查看本页。",
    "problem_forbidden": "您的角色无权查看本页：需要读取资产（asset）的权限。",
    "problem_not_found": "页面不存在。",
    "problem_unexpected": "服务器出错，详情见日志。",
    "problem_options": "页面的配置无法使用：{message}",
    "no_archive": "尚未配置存档",
    "no_archive_how": "请在 API 服务器的 Airflow 配置中写入核对结果的 output_uri，然后重启：",
}

#: With the texts of the sending details.
CATALOGUES: Mapping[Language, Mapping[str, str]] = {
    "en": {**sending_details.CATALOGUES["en"], **_EN},
    "zh": {**sending_details.CATALOGUES["zh"], **_ZH},
}
