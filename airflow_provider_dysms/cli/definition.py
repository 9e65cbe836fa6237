"""Defines the commands ``airflow dysms ...`` and their arguments. Every ``airflow`` command loads this: it is cheap."""

from __future__ import annotations

from airflow.cli.cli_config import (
    ARG_OUTPUT,
    ARG_VERBOSE,
    ActionCommand,
    Arg,
    CLICommand,
    GroupCommand,
    lazy_load_command,
)

from airflow_provider_dysms import __version__
from airflow_provider_dysms.cli.audit_arguments import (
    AUDIT_ARGUMENTS,
    CONNECTION,
    HTML,
    LANGUAGE,
    OUTPUT_URI,
    PARTITION,
    send_date,
    to_uri,
)
from airflow_provider_dysms.cli.command_parser import ParserClass, PassingParser, PrivateParser
from airflow_provider_dysms.cli.details_arguments import DETAILS_ARGUMENTS
from airflow_provider_dysms.cli.exit_codes import EXIT_CODES

_PRIVATE = ParserClass(PrivateParser)

LOOKUP = ActionCommand(
    name="lookup",
    help="Ask the service what became of the messages to a number, or of message ids",
    description=(
        "Ask the service what became of messages.\n\n"
        "Without message ids it asks for phone numbers, or reads them from the standard input if that is not a "
        "terminal:\none or many, separated by commas or line ends. A phone number is never taken as an argument. The "
        "answer has one row\nper message. Numbers are masked."
    ),
    epilog="Exit code 0: every message has been delivered. 1: one has not, or does not exist.\n" + EXIT_CODES,
    func=lazy_load_command("airflow_provider_dysms.cli.commands.lookup.lookup"),
    args=(
        _PRIVATE,
        Arg(
            ("message_ids",),
            nargs="*",
            metavar="MESSAGE_ID",
            help="Id of an international message (it is not private)",
        ),
        send_date("The day on which the messages to the numbers were sent"),
        Arg(("--biz-id",), help="Only the messages of one request to SendSms, which returned this BizId"),
        Arg(("--show-numbers",), action="store_true", help="Show phone numbers in clear"),
        CONNECTION,
        ARG_OUTPUT,
        ARG_VERBOSE,
    ),
)

AUDIT = ActionCommand(
    name="audit",
    help="Audit a day without a DAG: send log in, one row per message out",
    description=(
        "Audit a day: ask the service about every line of a send log, and write one row per message into object "
        "storage,\nas DysmsToObjectStorageOperator does. It prints the figures of the day, or with --output json the "
        "manifest.\nAn audit that is interrupted starts again from the beginning."
    ),
    epilog="Exit code 0: the file is written. 1: the result was refused, and nothing is written.\n" + EXIT_CODES,
    func=lazy_load_command("airflow_provider_dysms.cli.commands.audit.audit"),
    args=(_PRIVATE, *AUDIT_ARGUMENTS, ARG_OUTPUT, ARG_VERBOSE),
)

VERIFY = ActionCommand(
    name="verify",
    help="Compare the file of a day with its manifest",
    description=(
        "Read the file of a day back and compare it with its manifest: size, digest, columns, rows and counts.\n"
        "The service is not asked."
    ),
    epilog="Exit code 0: the file is what its manifest says. 1: it is not, or is missing.\n" + EXIT_CODES,
    func=lazy_load_command("airflow_provider_dysms.cli.commands.verify.verify"),
    args=(
        _PRIVATE,
        OUTPUT_URI,
        PARTITION,
        send_date("The day of the file; it may be long past"),
        ARG_OUTPUT,
        ARG_VERBOSE,
    ),
)

DAYS = ActionCommand(
    name="days",
    help="List which days are settled, provisional or missing, and which the service is about to forget",
    description=(
        "List the days that the service remembers, and how far each has been audited: missing (no manifest), "
        "provisional\n(the day was not over), unsettled (rows may change) or settled. days_left counts the days until "
        "the service forgets it.\nThe service is not asked, and no file of rows is read."
    ),
    epilog=(
        "Exit code 0: every day before yesterday has been audited, and the service forgets no unsettled day within a "
        "day.\n1: a day before yesterday is missing or provisional, a manifest cannot be used, or such a day is about "
        "to leave.\n" + EXIT_CODES
    ),
    func=lazy_load_command("airflow_provider_dysms.cli.commands.days.days"),
    args=(
        _PRIVATE,
        OUTPUT_URI,
        PARTITION,
        send_date("The last day of the list", flags=("--through",)),
        Arg(
            ("--lookback-days",),
            type=int,
            default=30,
            metavar="NUMBER",
            help="Length of the list, 1 to 31 (default: 30)",
        ),
        Arg(("--unsettled",), action="store_true", help="Leave out the days that are settled"),
        ARG_OUTPUT,
        ARG_VERBOSE,
    ),
)

ERASE = ActionCommand(
    name="erase",
    help="Erase people from every day of an archive",
    description=(
        "Remove the rows of people from every day of an archive, or hash their numbers, and leave a record in "
        "_erasures/\nthat says when and how many, not who. Later audits leave the people out.\n\n"
        "It asks for the phone numbers, or reads them from the standard input if that is not a terminal: up to 100, "
        "separated\nby commas or line ends. A phone number is never taken as an argument. A command that was "
        "interrupted is finished when\nit is run again."
    ),
    epilog="Exit code 0: the people are in no file of the archive any more.\n" + EXIT_CODES,
    func=lazy_load_command("airflow_provider_dysms.cli.commands.erase.erase"),
    args=(
        _PRIVATE,
        OUTPUT_URI,
        Arg(
            ("--mode",),
            choices=("remove", "hash"),
            default="remove",
            help="Remove the rows (default), or keep them with a hash in the place of the number",
        ),
        CONNECTION,
        ARG_OUTPUT,
        ARG_VERBOSE,
    ),
)

REPORT = ActionCommand(
    name="report",
    help="Show how the last days were delivered, and what is wrong",
    description=(
        "Show how the last days were delivered: one row per day, and in sentences what is wrong, each day compared "
        "with the\nsame weekdays at equal age. With --html it is also written as a page that needs nothing else. The "
        "service is not asked,\nand no file of rows is read."
    ),
    epilog="Exit code 0: the last day has been audited. 1: it has not.\n" + EXIT_CODES,
    func=lazy_load_command("airflow_provider_dysms.cli.commands.report.report"),
    args=(
        _PRIVATE,
        OUTPUT_URI,
        PARTITION,
        send_date("The last day of the report"),
        Arg(("--days",), type=int, default=30, metavar="NUMBER", help="Length of the report, 1 to 92 (default: 30)"),
        HTML,
        Arg(
            ("--suppression-uri",),
            type=to_uri,
            help="Folder of a suppression list, whose numbers to stop the page counts by reason",
        ),
        LANGUAGE,
        ARG_OUTPUT,
        ARG_VERBOSE,
    ),
)

DETAILS = ActionCommand(
    name="details",
    help="Find messages in the archive by number, template, result, time and more",
    description=(
        "Find messages in the archive that audits have left, the newest first, a page at a time. The service is not "
        "asked.\nWith --by-number it asks for a phone number, or reads it from the standard input if that is not a "
        "terminal: a phone\nnumber is never taken as an argument. Numbers are masked, and texts of messages left out.\n"
        "With --html they are also written as a page that needs nothing else."
    ),
    epilog=(
        "Exit code 0: the search is done, also if no message passes the filters. 1: the file of a day is not what its "
        "manifest says.\n" + EXIT_CODES
    ),
    func=lazy_load_command("airflow_provider_dysms.cli.commands.details.details"),
    args=(_PRIVATE, *DETAILS_ARGUMENTS, ARG_OUTPUT, ARG_VERBOSE),
)

EMULATOR = ActionCommand(
    name="emulator",
    help="Run an emulator of the service on this machine, for tests",
    func=lazy_load_command("airflow_provider_dysms.cli.commands.emulator.emulator"),
    args=(ParserClass(PassingParser),),
)


def get_dysms_commands() -> list[CLICommand]:
    """Return the commands; Airflow calls this through the provider's key ``cli``."""
    return [
        GroupCommand(
            name="dysms",
            help="Find out what became of SMS sent through Alibaba Cloud (Dysms)",
            description=(
                "Find out what became of SMS sent through Alibaba Cloud (Dysms). Days are days in Beijing. Commands "
                "that ask the\nservice use an Airflow connection, dysms_default by default.\n\n"
                f"airflow-provider-dysms {__version__}"
            ),
            subcommands=(LOOKUP, AUDIT, VERIFY, DAYS, DETAILS, REPORT, ERASE, EMULATOR),
        )
    ]
