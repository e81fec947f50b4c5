// Closes the window in which the App shows the result of a run: its own operators open that window, none closes it.
// It presses the window's button "Done"; where the App has no such window, or names it otherwise, nothing happens.
(() => {
  const { Operator, OperatorConfig, registerOperator } = window.__foo__;

  class CloseResult extends Operator {
    get config() {
      return new OperatorConfig({ name: "close_result", label: "Close the result", unlisted: true });
    }

    async execute() {
      const buttons = document.querySelectorAll('[data-cy="operators-prompt-view-modal"] button');
      [...buttons].find((button) => button.textContent.trim() === "Done")?.click();
    }
  }

  registerOperator(CloseResult, "@faceqgen/face-quality");
})();
