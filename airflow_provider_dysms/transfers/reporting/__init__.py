"""Reports an audit: the task log, the XCom result and asset events."""
