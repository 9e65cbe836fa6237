"use strict";
// The pages work without this script. It says that a query runs, keeps it from being sent twice, and chooses "From - to"
// when a time is typed.
for (const form of document.forms) {
  form.addEventListener("submit", (event) => {
    if (form.getAttribute("aria-busy") === "true") {
      event.preventDefault();
      return;
    }
    form.setAttribute("aria-busy", "true");
    const button = form.querySelector("[data-busy]");
    if (button) {
      button.dataset.idle = button.textContent;
      button.textContent = button.dataset.busy;
    }
  });
}
const range = document.getElementById("range");
if (range) {
  for (const field of document.querySelectorAll("input[type=datetime-local]")) {
    field.addEventListener("input", () => { range.checked = true; });
  }
}
addEventListener("pageshow", () => {
  for (const form of document.forms) {
    form.removeAttribute("aria-busy");
    const button = form.querySelector("[data-idle]");
    if (button) button.textContent = button.dataset.idle;
  }
});
