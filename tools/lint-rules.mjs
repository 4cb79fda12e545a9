/** Lint rules of this repository. Loaded by oxlint through `jsPlugins` in .oxlintrc.json. */

/** Reports `#member`: classes declare private members with TypeScript's `private`. */
const privateKeyword = {
  create(context) {
    const report = (node) => {
      if (node.key.type === 'PrivateIdentifier')
        context.report({ node, message: `Declare ${node.key.name} with the keyword private, not with #.` });
    };
    return { PropertyDefinition: report, MethodDefinition: report };
  },
};

export default { meta: { name: 'sendoff' }, rules: { 'private-keyword': privateKeyword } };
