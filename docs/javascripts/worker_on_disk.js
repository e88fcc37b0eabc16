// Pages that are opened from a folder may neither start a worker nor read data, so a hidden frame
// does the worker's work: it loads the scripts that the worker would, and the index as one of them.
if (location.protocol === "file:") {
  window.Worker = class {
    constructor(url) {
      const place = url.slice(0, url.lastIndexOf("/") + 1);
      const scripts = ["lunr.js", "search_index.js"].map((name) => `<script src="${place}${name}"></script>`);
      addEventListener("message", ({ source, data }) => {
        if (source === this.frame.contentWindow) this.onmessage({ data });
      });
      this.waiting = [];
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      this.frame.srcdoc = `${scripts.join("")}<script>
        console.log = () => {};
        self.importScripts = () => {};
        self.postMessage = (data) => parent.postMessage(data, "*");
        self.XMLHttpRequest = class {
          addEventListener(event, told) { this.told = told; }
          open() {}
          send() { this.responseText = JSON.stringify(__index); this.told(); }
        };</script><script src="${url}"></script>`;
      this.frame.addEventListener("load", () => {
        const waiting = this.waiting;
        this.waiting = null;
        waiting.forEach((data) => this.postMessage(data));
      });
      document.body.append(this.frame);
    }
    postMessage(data) {
      if (this.waiting) this.waiting.push(data);
      else this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data }));
    }
  };
}
